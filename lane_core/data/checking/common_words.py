"""The commonest words of languages in Latin letters that no short text does without."""

COMMON_WORDS = {
    "English": "the and is of to that it with for you was are this not have but be my they i at from what",
    "German": "der die das und ist nicht ich ein eine zu mit den auf für sich es auch dem wir sie sehr aber war",
    "French": "le les et est des une pas que je dans pour vous avec sur qui ce il du au très mais nous c'est",
    "Spanish": "el los las y es que de no una por con para se lo como pero más está muy del mi en la",
    "Portuguese": "o os as e é que não uma por com para se mais mas do da em um muito ao foi eu de",
    "Italian": "il le di e è che non una per con sono si ma come del della un mi gli molto ho la",
    "Dutch": "de het een en is niet dat van ik je met voor op zijn er maar ook hij we te heel was",
}
"""Language -> words in small letters; at most eight languages, a byte of a number each."""
