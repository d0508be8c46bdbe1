"""python -m vae_explorer"""

from vae_explorer.cli import main

if __name__ == "__main__":
    main()
