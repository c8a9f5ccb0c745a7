TELLS_OF_IT: tuple[str, ...] = ()
LEAVES_IT_OUT: tuple[str, ...] = ()
SAYS_NOTHING: tuple[str, ...] = ()
