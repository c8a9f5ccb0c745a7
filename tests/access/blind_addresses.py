TELLS_OF_TEXTS: tuple[str, ...] = ()
SAYS_NOTHING: tuple[str, ...] = ()
