# One image for every role: `hub`, `moderate`, `boards` (see compose.yaml), or `serve` for all of them.
FROM python:3.11-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends make git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# For a much smaller image, pass PyTorch's CPU wheel index as PIP_EXTRA_INDEX_URL.
ARG PIP_EXTRA_INDEX_URL
ENV PIP_EXTRA_INDEX_URL=${PIP_EXTRA_INDEX_URL} PIP_NO_CACHE_DIR=1
COPY pyproject.toml requirements.lock README.md package.json package-lock.json .npmrc tsconfig.json ./
COPY streamhub streamhub
COPY moderation moderation
COPY campaigns campaigns
COPY web web
# The browser files are built with Node from a wheel, which the finished image does not carry.
RUN python -m venv /build \
 && /build/bin/pip install -q -c requirements.lock -e '.[build]' \
 && /build/bin/python -m web.node npm ci --ignore-scripts --no-audit --no-fund \
 && /build/bin/python -m web.build \
 && rm -rf node_modules \
 && python -m venv .venv \
 && .venv/bin/pip install -q -c requirements.lock -e .
# The encoder is unpacked once here, so that a container starts in seconds.
RUN .venv/bin/python -c "from pathlib import Path; from moderation.model.prepare import prepare; prepare(Path('/app/model'))"

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 streamhub && install -d -o streamhub /data
COPY --from=build --chown=root:root /app /app
WORKDIR /app
USER streamhub
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STREAMHUB_DATA=/data \
    STREAMHUB_HOST=0.0.0.0 \
    STREAMHUB_PORT=8080 \
    STREAMHUB_MODEL=/app/model/e5-small
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/api/health', timeout=4)"]
CMD ["streamhub", "serve"]
