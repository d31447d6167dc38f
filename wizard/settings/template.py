"""The file that ``config init`` writes: every setting, what it means, and its default."""

from __future__ import annotations

TEMPLATE = """\
# Configuration of a datafold node. Public values only: a passphrase in here is refused.
# Found by --config, $DATAFOLD_CONFIG, then the user's and the site's configuration directory.
# Each value can be set from the environment, which wins over this file:
#   DATAFOLD_API__PORT=9000   DATAFOLD_DATABASES__ORDERS__PATH=/srv/orders.db
# Relative paths are relative to this file. See what is in force: datafold-wizard config show

# "production" refuses to listen beyond this machine without TLS; "development" only warns,
# and marks every answer of the API.
environment = "production"

# Where databases without a name are looked for, besides the usual places.
# data_directories = ["/var/lib/datafold"]

# One table for each database; the name is yours (a-z, 0-9, - and _). Each has its own master key.
# [databases.orders]
# path = "/var/lib/datafold/orders.db"
#
# [databases.orders.crypto]
# enabled = true                # false: `check` does not ask for protection
# cipher = "aegis"              # aegis, chacha20 or sqlcipher; default: the best for this processor
# preset = "balanced"           # interactive, balanced, sensitive, rfc9106-first, rfc9106-second
# memory = "256MiB"             # or, instead of a preset, all three numbers
# passes = 3
# lanes = 4
# minimum_score = 3             # zxcvbn's score, 0 to 4, that a new passphrase must have
# fingerprint = "7QJ4-M2XD-90KA-TT3B-5CWE"    # refuse any other master key; an older one of the
#                                             # same chain counts, so key changes need no edit

[api]
# Where `datafold-wizard serve` listens: this machine only, unless told otherwise.
host = "127.0.0.1"
port = 8734
# unix_socket = "/run/datafold/api.sock"      # instead of host and port
# trust_socket_owner = false    # over that socket, the user who runs the server needs no token
# tls_certificate = "/etc/datafold/tls.pem"
# tls_key = "/etc/datafold/tls.key"           # readable by its owner only
# allowed_hosts = ["node.example.org"]        # names in the Host header, besides the address
# memory_budget = "2GiB"        # for all key derivations together; default: half of what is free
# tokens = "/var/lib/datafold/tokens.json"    # hashes of node tokens: `datafold-wizard token`
# state = "/var/lib/datafold/receipts"        # sealed kits that nobody has acknowledged yet
"""
