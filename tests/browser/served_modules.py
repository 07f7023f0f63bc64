"""Importing this imports what a server of the app has imported once every page was opened."""

import importlib
import pkgutil

from streamlit.logger import set_log_level

import app

set_log_level("ERROR")  # it warns of caches that no server holds yet
for module in pkgutil.walk_packages(app.__path__, "app."):
    if module.name != "app.main":
        importlib.import_module(module.name)
