"""What a run says about its labels, in numbers, words and one file: for the screens and for who reads no screen."""
