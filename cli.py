"""Run kbuilder from a checkout: `python cli.py fit RECIPE`."""

from kbuilder.commands.main import main

if __name__ == "__main__":
    main()
