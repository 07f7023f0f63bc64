"""Augmentation: training texts again in other words, with their labels. ``make_views`` is the way in."""

from lane_core.data.augment.back_translation import BackTranslation, TranslationTable
from lane_core.data.augment.view_records import Substitution, Views
from lane_core.data.augment.views import OPERATIONS, make_views, view_operations

__all__ = [
    "OPERATIONS",
    "BackTranslation",
    "Substitution",
    "TranslationTable",
    "Views",
    "make_views",
    "view_operations",
]
