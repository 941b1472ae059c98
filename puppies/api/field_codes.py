"""What the codes of a problem document's `errors` mean, for its page; a test holds the table against the serializers."""

FIELD_CODES = {
    "blank": "The text is empty or shows nothing.",
    "form": "A username has 3 to 30 characters: the letters a to z, digits and underscores.",
    "invalid_choice": "The value is none of those that this field takes: the detail names it.",
    "invalid": "The value is of another type or form: the detail says which is taken.",
    "max_length": "The text is longer than the field takes.",
    "null": "null is no value here: leave the member out or give one.",
    "null_characters_not_allowed": "The text has a NUL character.",
    "password_entirely_numeric": "The password has digits only.",
    "password_too_common": "The password is among the ones that everybody tries first.",
    "password_too_short": "The password has fewer than 8 characters.",
    "password_too_similar": "The password is too much like the username or the e-mail address.",
    "required": "The member is missing.",
    "surrogate_characters_not_allowed": "The text has half of a surrogate pair.",
    "unknown_field": "The body has a member that this operation does not take.",
    "wrong": "The current password is another one.",
}
