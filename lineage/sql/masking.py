"""Which functions hide the value that they are given.

OpenLineage's ``masking`` flag: the output no longer tells the input. The list follows the
transformations that the ColumnLineageDatasetFacet specification names as masking (hash, and
by extension encryption and redaction). ``configure`` adds names of an estate's own.
"""

from __future__ import annotations

from sqlglot import exp

_KINDS: tuple[type[exp.Expr], ...] = tuple(
    kind
    for name in (
        "MD5", "MD5Digest", "MD5NumberLower64", "MD5NumberUpper64", "SHA", "SHA1Digest", "SHA2",
        "SHA2Digest", "FarmFingerprint", "Encrypt", "EncryptRaw", "StandardHash",
    )
    if isinstance(kind := getattr(exp, name, None), type)
)  # fmt: skip

_NAMES: set[str] = {
    "md5", "sha", "sha1", "sha2", "sha224", "sha256", "sha384", "sha512", "hash", "hashbytes",
    "md5_hex", "sha1_hex", "sha2_hex", "sha256_hex", "xxhash64", "murmur_hash", "crc32", "hmac",
    "hmac_sha256", "farm_fingerprint", "encrypt", "aes_encrypt", "pgp_sym_encrypt", "crypt",
    "digest",
    "mask", "mask_first_n", "mask_last_n", "mask_hash", "redact", "tokenize", "anonymize",
}  # fmt: skip


def configure(names: set[str]) -> None:
    """Count these function names (any case) as masking too."""
    _NAMES.update(name.lower() for name in names)


def masks(node: exp.Expr) -> bool:
    """Return whether calling ``node`` hides its arguments."""
    if isinstance(node, _KINDS):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in _NAMES
