"""Only what setup.cfg cannot say: every package that is there, and the recipes as one more."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["kbuilder", "kbuilder.*"]), "kbuilder.gallery"])
