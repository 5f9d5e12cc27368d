"""Write deploy/production.env with new secrets, for docker-compose.yml. An existing file is never touched."""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

PATH = Path(__file__).resolve().parent.parent / "deploy" / "production.env"
TEXT = """\
# The secrets and choices of this practice. Keep a copy in a safe place, apart from the backups: without CHAIN_KEY
# signed sessions cannot be verified, without SECRET_KEY everyone must sign in anew.
SITE_URL={site_url}
SECRET_KEY={secret_key}
CHAIN_KEY={chain_key}
POSTGRES_PASSWORD={postgres_password}
BROKER_PASSWORD={broker_password}

# The mail server (until it is named, mails wait) and the sender of every mail.
#EMAIL_URL=smtp+tls://user:password@mail.example:587
#DEFAULT_FROM_EMAIL=desk@{host}
# Instead of a mail server: a provider's web service and its keys; .env.example tells more. How many mails leave in a minute.
#EMAIL_PROVIDER=postmark
#ANYMAIL={{"POSTMARK_SERVER_TOKEN": "…"}}
#EMAIL_PER_MINUTE=60
# The country in which phone numbers without a country code are read until the practice has entered its own number.
#PHONE_REGION=US
"""


def main(site_url):
    """Write the file for the practice at `site_url`, readable by its owner alone."""
    parts = urlsplit(site_url)
    if parts.scheme != "https" or not parts.hostname:
        sys.exit(
            "production-env: name the address people will type: make production-env SITE_URL=https://practice.example"
        )
    text = TEXT.format(
        site_url=f"https://{parts.netloc}",
        host=parts.hostname,
        secret_key=secrets.token_hex(32),
        chain_key=secrets.token_hex(32),
        postgres_password=secrets.token_hex(24),
        broker_password=secrets.token_hex(24),
    )
    try:
        with os.fdopen(os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except FileExistsError:
        sys.exit(f"production-env: {PATH} is there already; nothing was changed.")
    print(f"Wrote {PATH}. Next: docker compose --env-file deploy/production.env up --detach --build")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
