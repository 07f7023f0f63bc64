"""English words that are neither replaced nor put in: function words, and words that turn a sentence round."""

from __future__ import annotations

_NEGATIONS = """
no not none nor never neither nobody nothing nowhere cannot without hardly barely scarcely rarely seldom
little few less least lack lacks lacked lacking fail fails failed failing refuse refuses refused refusing
deny denies denied denying stop stops stopped stopping unable unlikely except
"""
_STOP_WORDS = """
a an the this that these those such same other another each every either both all any some many much more
most several enough own only one ones i me my mine myself you your yours yourself yourselves he him his
himself she her hers herself it its itself we us our ours ourselves they them their theirs themselves who
whom whose which what where when why how whoever whatever whichever somebody someone something anybody
anyone anything everybody everyone everything person am is are was were be been being do does did doing
done have has had having will would shall should can could may might must ought let make makes made making
get gets got getting go goes going gone went come comes coming came take takes took taken taking put puts
putting about above across after again against along among around as at away back before behind below
beside besides between beyond but by despite down during even ever for from further here hence in inside
into just like near of off on once onto or out outside over past per rather since so still than then there
therefore though although through throughout thus till to too toward towards under until unless up upon
very via while whether with within yet and because if now also almost already always often perhaps quite
really maybe else well way lot please used keep keeps kept keeping two three four five six seven eight
nine ten first second third
"""

NEGATIONS = frozenset(_NEGATIONS.split())
"""Words whose loss, or whose arrival, would turn the meaning; contracted ones (can't) are left alone anyway."""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that carry grammar rather than content, and light verbs and numbers, with their odd synonyms."""
KEPT_WORDS = NEGATIONS | STOP_WORDS
