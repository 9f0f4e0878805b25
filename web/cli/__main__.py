"""`python -m web.cli`: the same as the installed `streamhub`; how `serve` starts its roles."""

from web.cli import main

if __name__ == "__main__":
    main()
