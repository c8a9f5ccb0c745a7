"""What no learned score may overrule: a reply that repeats itself, says nothing, copies the seeker,
contradicts the profile, encourages harm, is empty or far too long.

Each kind has a module of its own that gives a finding with its reason, or None. Nothing here is
fitted to ratings and no model is asked, so the same reply always gets the same answer. The patterns
know English; a reply in another language is never vetoed for its words, only for its form.
"""
