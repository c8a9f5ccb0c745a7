"""How large a model from outside may be, and which of its files are kept."""

import re

MIB = 2**20
# Of all members of an archive, those that are not kept included.
MEMBERS = 10_000
# Of the files of one model.
FILES = 500
# Weights hardly shrink. What unpacks to more than this is made to fill a disk.
RATIO = 20
RATIO_FROM_BYTES = 16 * MIB
# Of a zip's list of members.
DIRECTORY_BYTES = 4 * MIB
# Of all headers of one member of a tar: names, sizes, attributes.
TAR_HEADER_BYTES = 2**16
# Of the headers of all safetensors files of a model. The reference reader of the format refuses
# more than 100 MB in one file.
HEADER_BYTES = 32 * MIB
# Of a tensor.
DIMENSIONS, DIMENSION = 16, 2**63 - 1
CONFIG_BYTES = MIB
NAME_CHARS = 200
DEPTH = 8
MAX_REPO, MAX_REVISION, MAX_PATH, MAX_LICENCE = 200, 120, 400, 120

# A file that is still being downloaded.
PART = ".part"
# In the folder of a download: held by the program that writes there.
LOCK = "lock"
KEPT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\.(safetensors|json|txt|jinja|md)|tokenizer\.model")
# Of architectures that continue a text. webapp.llm.local.store serves the same ones.
CAUSAL_SUFFIXES = ("ForCausalLM", "LMHeadModel")
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
REVISION = re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)

COMMIT = re.compile(r"[0-9a-f]{7,64}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def is_kept(name: str) -> bool:
    """Whether a file of a model is kept: weights, configuration, tokenizer, template, text."""
    return len(name) <= NAME_CHARS and KEPT.fullmatch(name) is not None


def is_pickle(name: str) -> bool:
    """Whether a file may be a pickle, which can run any code when it is loaded."""
    return name.lower().endswith(PICKLES)


def causal_of(architectures: object) -> str | None:
    """The first of a configuration's `architectures` that continues a text; None without one."""
    names = architectures if isinstance(architectures, list) else []
    return next((n for n in names if isinstance(n, str) and n.endswith(CAUSAL_SUFFIXES)), None)
