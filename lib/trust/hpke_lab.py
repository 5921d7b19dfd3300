# SPDX-License-Identifier: GPL-3.0-or-later
"""HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305, from the RFCs alone, for test_*.py:
a second voice that shares no line and no library with lib/trust/hpke.c. Slow, and not constant-time."""
import hashlib
import hmac
import os
import struct

P = 2**255 - 19
PRIME_1305 = 2**130 - 5
KEM, SUITE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
BASE_POINT = (9).to_bytes(32, "little")


def x25519(scalar, u):
    """RFC 7748 5."""
    k = int.from_bytes(scalar, "little") & ~7 & (1 << 255) - 1 & ~(1 << 255) | 1 << 254
    x1 = int.from_bytes(u, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def of_public(ed25519):
    """RFC 7748 4.1: the same point as a key of X25519."""
    y = int.from_bytes(ed25519, "little") & (1 << 255) - 1
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


def of_seed(seed):
    return hashlib.sha512(seed).digest()[:32]


def extract(suite, salt, label, material):
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")


def expand(suite, prk, label, info, size):
    text = struct.pack(">H", size) + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, text + b"\x01", "sha256")[:size]


def schedule(shared, enc, to, info):
    """RFC 9180 4.1 and 5.1."""
    secret = expand(KEM, extract(KEM, b"", b"eae_prk", shared), b"shared_secret", enc + to, 32)
    context = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    secret = extract(SUITE, secret, b"secret", b"")
    return expand(SUITE, secret, b"key", context, 32), expand(SUITE, secret, b"base_nonce", context, 12)


def quarter(s, a, b, c, d):
    for x, y, z, shift in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = s[x] + s[y] & 0xffffffff
        s[z] ^= s[x]
        s[z] = (s[z] << shift | s[z] >> 32 - shift) & 0xffffffff


def block(key, counter, nonce):
    """RFC 8439 2.3."""
    start = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, *struct.unpack("<8L", key), counter,
             *struct.unpack("<3L", nonce)]
    s = list(start)
    for _ in range(10):
        for i in range(4):
            quarter(s, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16L", *((a + b) & 0xffffffff for a, b in zip(s, start)))


def chacha20(key, nonce, text):
    stream = b"".join(block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    return bytes(a ^ b for a, b in zip(text, stream))


def tag(key, nonce, cipher):
    """RFC 8439 2.5 and 2.8, without additional data."""
    once = block(key, 0, nonce)
    r = int.from_bytes(once[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    text = cipher + bytes(-len(cipher) % 16) + struct.pack("<QQ", 0, len(cipher))
    total = 0
    for at in range(0, len(text), 16):
        total = (total + int.from_bytes(text[at:at + 16] + b"\x01", "little")) * r % PRIME_1305
    return (total + int.from_bytes(once[16:32], "little") & (1 << 128) - 1).to_bytes(16, "little")


def seal(ed25519, info, plain):
    """For the holder of an Ed25519 key; as lib/trust/seal.h."""
    ephemeral, to = os.urandom(32), of_public(ed25519)
    enc = x25519(ephemeral, BASE_POINT)
    key, nonce = schedule(x25519(ephemeral, to), enc, to, info)
    cipher = chacha20(key, nonce, plain)
    return enc + cipher + tag(key, nonce, cipher)


def open_sealed(seed, info, sealed):
    """By the 32 bytes of an Ed25519 private key; None: it is not for this key, or was changed."""
    scalar, enc, cipher = of_seed(seed), sealed[:32], sealed[32:-16]
    key, nonce = schedule(x25519(scalar, enc), enc, x25519(scalar, BASE_POINT), info)
    return chacha20(key, nonce, cipher) if tag(key, nonce, cipher) == sealed[-16:] else None
