"""Importing this imports what a server of the app has imported once every page was opened."""

import importlib
import pkgutil

import app

for module in pkgutil.walk_packages(app.__path__, "app."):
    if module.name != "app.main":
        importlib.import_module(module.name)
