"""Attacks made by code, from the contexts of the plain replies."""

from collections import Counter

import pytest

from rubrics.judging.battery import by_code, texts
from rubrics.judging.battery.by_code import TooFewContexts, cases_by_code
from rubrics.judging.battery.case import ATTACKS, OWN, PLAIN, cases_hash
from rubrics.judging.battery.written import written_cases
from rubrics.judging.inputs import candidate_of
from tests.rubrics.judging.battery.bounds import totals_at

PLAIN_CONTEXTS = [case.context for case in written_cases() if case.kind == PLAIN]
CONTEXTS = [c for c in PLAIN_CONTEXTS if len(c["history"][-1]["text"].split()) >= 8]
REPLIES = [context["candidate"]["response"] for context in CONTEXTS]
CASES = cases_by_code(CONTEXTS, seed=1)


def of_kind(kind, cases=CASES):
    return [case for case in cases if case.kind == kind]


def last_turn(case):
    return case.context["history"][-1]["text"]


def own_reply(case):
    """The reply that the corpus has in this context."""
    at = next(i for i, c in enumerate(CONTEXTS) if c["history"] == case.context["history"])
    return REPLIES[at]


def test_there_are_two_hundred_attacks_of_eleven_kinds():
    counts = Counter(case.kind for case in CASES if case.kind != OWN)
    assert set(counts) == set(ATTACKS) and len(ATTACKS) == 11
    assert min(counts.values()) >= 12 and counts.total() >= 200
    assert len({case.id for case in CASES}) == len(CASES)
    assert {case.origin for case in CASES} == {"code"}


def test_equal_contexts_and_seed_give_equal_cases():
    assert cases_hash(cases_by_code(CONTEXTS, seed=1)) == cases_hash(CASES)
    assert cases_hash(cases_by_code(CONTEXTS, seed=2)) != cases_hash(CASES)


def test_a_case_is_a_context_without_the_gold_emotion():
    known = [{**context, "gold_emotion": "sad"} for context in CONTEXTS]
    for case in cases_by_code(known, seed=1):
        assert set(case.context) == {"profile", "situation", "history", "candidate", "cut"}
        assert set(case.context["candidate"]) == set(candidate_of(""))


def test_a_kind_is_spread_over_dialogues():
    for kind in ("garbage", "injection", "harmful advice"):
        assert len({last_turn(case) for case in of_kind(kind)}) >= 20, kind


def test_no_attack_but_the_own_reply_is_the_own_reply():
    for case in CASES:
        assert (case.reply == own_reply(case)) == (case.kind == OWN), case.id


def test_a_word_salad_has_the_words_of_the_reply():
    for case in of_kind("word salad"):
        words = Counter(case.reply.lower().strip(".?!").split())
        own = Counter(own_reply(case).lower().strip(".?!").split())
        assert sum((own - words).values()) <= 2, case.id


def test_a_copied_turn_says_what_the_seeker_said():
    for case in of_kind("copied turn"):
        assert last_turn(case) in case.reply or case.reply == case.context["situation"], case.id


def test_stuffing_repeats_one_phrase_ten_times_or_more():
    repeated = [
        c for c in of_kind("phrase stuffing") if max(map(c.reply.count, texts.PHRASES)) >= 10
    ]
    assert len(repeated) == 12


def test_a_wrong_person_has_a_name_and_a_job_that_nobody_mentioned():
    for case in of_kind("wrong person"):
        known = str({**case.context, "candidate": None})
        [name] = [name for name in texts.NAMES if name in case.reply]
        [job] = [job for job in texts.JOBS if job in case.reply]
        assert name not in known and job not in known, case.id


def test_a_name_of_the_seeker_is_not_the_wrong_name():
    renamed = [{**c, "profile": f"Thaddeus, piano tuner. {c['profile']}"} for c in CONTEXTS]
    for case in of_kind("wrong person", cases_by_code(renamed, seed=1)):
        assert "Thaddeus" not in case.reply and "piano tuner" not in case.reply


def test_without_profiles_nobody_is_mistaken_for_another():
    unknown = [{**context, "profile": "INFP"} for context in CONTEXTS]
    kinds = {case.kind for case in cases_by_code(unknown, seed=1)}
    assert kinds == {*ATTACKS, OWN} - {"wrong person"}


def test_dialogues_without_profile_and_situation_differ_by_their_first_message():
    bare = [{**context, "profile": "", "situation": ""} for context in CONTEXTS]
    assert len(of_kind(OWN, cases_by_code(bare, seed=1))) == len(CONTEXTS)


def test_off_topic_is_a_reply_to_somebody_else():
    for case in of_kind("off topic"):
        assert case.reply in REPLIES and case.reply != own_reply(case)
        assert len(case.reply.split()) >= 12


def test_over_long_is_many_times_as_long_as_a_reply():
    longest = max(len(reply.split()) for reply in REPLIES)
    for case in of_kind("over-long"):
        assert len(case.reply.split()) >= 2 * longest, case.id


def test_every_form_of_injection_comes_alone_and_after_a_sentence():
    replies = [case.reply for case in of_kind("injection")]
    assert len(texts.INJECTIONS) >= 10
    for form in texts.INJECTIONS.values():
        assert form in replies and f"{texts.WEAK_START} {form}" in replies


def test_harmful_advice_begins_with_the_words_of_the_seeker():
    quoting = [case for case in of_kind("harmful advice") if "“" in case.reply]
    assert len(quoting) >= 6
    for case in quoting:
        quoted = case.reply.partition("“")[2].partition("”")[0]
        assert quoted and last_turn(case).startswith(quoted), case.id
    assert not any("{" in case.reply for case in CASES if case.kind == "harmful advice")


def test_braces_of_a_seeker_are_text():
    turn = {"role": "seeker", "text": "{words} {0} is me and I am not well today."}
    odd = [{**context, "history": [turn]} for context in CONTEXTS]
    replies = [case.reply for case in of_kind("harmful advice", cases_by_code(odd, seed=1))]
    assert any("“{words} {0} is me and I am not”" in reply for reply in replies)


def test_levels_within_the_bounds_give_a_total_within_them():
    for case in CASES:
        if case.bounds:
            assert max(totals_at(case.bounds)) <= case.bounds.total < 0.8, case.id


def test_few_dialogues_are_refused_and_eight_are_enough():
    with pytest.raises(TooFewContexts, match="there are 7"):
        cases_by_code(CONTEXTS[:7], seed=1)
    with pytest.raises(TooFewContexts, match="there are 1"):
        cases_by_code(CONTEXTS[:1] * 9, seed=1)
    few = cases_by_code(CONTEXTS[:8], seed=1)
    assert len(of_kind(OWN, few)) == 8 and len(few) - 8 == len(CASES) - len(CONTEXTS)


def test_a_context_that_nobody_asked_or_answered_is_left_out():
    silent = {**CONTEXTS[0], "history": []}
    empty = {**CONTEXTS[1], "candidate": candidate_of(" ")}
    thanks = {**CONTEXTS[2], "history": [{"role": "seeker", "text": "Thank you, and a hug."}]}
    with pytest.raises(TooFewContexts, match="there are 7"):
        cases_by_code([silent, empty, thanks, *CONTEXTS[3:10]], seed=1)


def test_at_most_forty_dialogues_are_used():
    more = [*CONTEXTS, *({**c, "situation": f"Later. {c['situation']}"} for c in CONTEXTS)]
    assert len(of_kind(OWN, cases_by_code(more, seed=1))) == by_code.MOST_CONTEXTS == 40
