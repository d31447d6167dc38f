"""zxcvbn's feedback in plain words, each short enough for a line; what is new there passes as it is."""

from __future__ import annotations

_PLAIN = {
    "Use a few words, avoid common phrases.": "Use a few words that do not belong together.",
    "No need for symbols, digits, or uppercase letters.": "Signs, digits and capitals are not needed.",
    "Add another word or two. Uncommon words are better.": "Add a word or two that are seldom used.",
    "Straight rows of keys are easy to guess.": "Neighbouring keys are tried early.",
    "Short keyboard patterns are easy to guess.": "Patterns on the keyboard are tried early.",
    "Use a longer keyboard pattern with more turns.": "Use words instead of a pattern of keys.",
    'Repeats like "aaa" are easy to guess.': "One character again and again is tried early.",
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': (
        "Saying the same again makes it hardly harder to guess."
    ),
    "Avoid repeated words and characters.": "Do not repeat words or characters.",
    'Sequences like "abc" or "6543" are easy to guess.': "Rows like abc or 6543 are tried early.",
    "Avoid sequences.": "Leave rows of letters or digits out.",
    "Recent years are easy to guess.": "Years are tried early.",
    "Avoid recent years.": "Leave years out.",
    "Avoid years that are associated with you.": "Leave years out that have to do with you.",
    "Dates are often easy to guess.": "Dates are tried early.",
    "Avoid dates and years that are associated with you.": "Leave dates and years out.",
    "This is a top-10 common password.": "It is one of the ten passwords used most.",
    "This is a top-100 common password.": "It is one of the hundred passwords used most.",
    "This is a very common password.": "Many people use this password; it is tried early.",
    "This is similar to a commonly used password.": "It is close to a password that many use.",
    "A word by itself is easy to guess.": "One word alone is found in any dictionary.",
    "Names and surnames by themselves are easy to guess.": "A name alone is tried early.",
    "Common names and surnames are easy to guess.": "Names are tried early.",
    "Capitalization doesn't help very much.": "A capital letter in front hardly helps.",
    "All-uppercase is almost as easy to guess as all-lowercase.": "Capitals throughout hardly help.",
    "Reversed words aren't much harder to guess.": "Words written backwards hardly help.",
    "Predictable substitutions like '@' instead of 'a' don't help very much.": (
        "Signs in place of letters, such as @ for a, hardly help."
    ),
}


def plain(sentence: str) -> str:
    """Return the sentence in plain words; an unknown one, or none, as it is."""
    return _PLAIN.get(sentence.rstrip(".") + ".", sentence)
