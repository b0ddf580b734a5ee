"""`python -m kbuilder` is the command `kbuilder`."""

from kbuilder.commands.main import main

if __name__ == "__main__":
    main()
