"""Which code made something: a fingerprint that changes when its arithmetic may have."""

import hashlib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent
# What decides a model, and what decides a prediction and its reasons once there is a model.
FITTING = ("policy.py", "panel", "models", "serving/served.py", "targets/target.py")
SCORING = ("serving/served.py", "serving/scoring.py", "serving/explain.py")
LIBRARIES = ("lightgbm", "scikit-learn", "numpy")


def code_version(places: tuple[str, ...], libraries: tuple[str, ...] = LIBRARIES) -> str:
    """Hash of files and folders below ml/, and of the versions of the libraries that fit."""
    digest = hashlib.sha256()
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    for package in libraries:
        digest.update(f"{package}={version(package)};".encode())
    return digest.hexdigest()
