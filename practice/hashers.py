"""Password hashing sized for a small machine."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class SmallArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB and one lane: Django's default takes 100 MiB per sign-in."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
