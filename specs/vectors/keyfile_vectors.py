"""A key file made from specs/operations.md §3 alone, without the engine.

Needs Python 3.11 and `cryptography` 44 or later (Argon2id and ChaCha20-Poly1305 of OpenSSL 3.2). XChaCha20 is built here
from HChaCha20 (draft-irtf-cfrg-xchacha-03 §2.2), checked against the draft's own vector.

    python3 keyfile_vectors.py          prints crates/engine/src/keyfile/frozen_author.key, then frozen_data.key
"""

import base64
import json
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def hchacha20(key, nonce16):
    x = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))

    def quarter(a, b, c, d):
        for p, q, r, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & 0xFFFFFFFF
            v = x[r] ^ x[p]
            x[r] = ((v << n) | (v >> (32 - n))) & 0xFFFFFFFF

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return struct.pack("<8I", *(x[0:4] + x[12:16]))


def xchacha20poly1305(key, nonce24, plaintext, aad):
    return ChaCha20Poly1305(hchacha20(key, nonce24[:16])).encrypt(bytes(4) + nonce24[16:], plaintext, aad)


def key_file(kind, label, public, secret, passphrase, salt, nonce, memory_kib, passes, lanes, danger_fast):
    derived = Argon2id(salt=salt, length=64, iterations=passes, lanes=lanes, memory_cost=memory_kib).derive(passphrase)
    header = {
        "format": "sijill-key/1",
        "kind": kind,
        "label": label,
        "public": public,
        "kdf": {
            "name": "argon2id",
            "memory_kib": memory_kib,
            "passes": passes,
            "lanes": lanes,
            "danger_fast": danger_fast,
            "salt": salt.hex(),
            "check": derived[32:48].hex(),
        },
        "cipher": "xchacha20poly1305",
        "nonce": nonce.hex(),
    }
    header = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    sealed = xchacha20poly1305(derived[:32], nonce, secret, b"sijill/key-file/v1\n" + header.encode())
    return '{"header":' + header + ',"sealed":"' + base64.b64encode(sealed).decode() + '"}\n'


def main():
    vector = hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927"))
    assert vector.hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    seed = bytes([3]) * 32
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    passphrase = "correct horse battery staple".encode()
    salt, nonce = bytes(range(16)), bytes(range(100, 124))
    print(key_file("author", "Chair, رئيس اللجنة", public, seed, passphrase, salt, nonce, 64, 1, 1, True), end="")
    data = "row 1\nصف 2\n".encode()
    print(key_file("data", "Rows", None, data, passphrase, salt, nonce, 65536, 3, 4, False), end="")


if __name__ == "__main__":
    main()
