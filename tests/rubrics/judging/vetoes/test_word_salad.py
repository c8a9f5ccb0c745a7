"""Words and letters that make no sense, and odd replies that do."""

import hashlib
import random
from pathlib import Path

import pytest

from rubrics.judging.vetoes import word_pairs
from rubrics.judging.vetoes.found import VERSION
from rubrics.judging.vetoes.word_salad import find_word_salad

SENTENCES = [
    "You were alone in the kitchen when the phone rang, and it is no wonder that your hands shook.",
    "It sounds as if you have carried this for a long time without telling anybody about it.",
    "What did you want to say to your brother when he put the phone down without a goodbye?",
    "I can hear how tired you are, and how much you would like somebody to take over for a day.",
    "The house is quiet since she left, and you still lay the table for two every evening.",
    "You did what you could with the time that you had, and nobody could have known the rest.",
    "There is a lot of anger in what you write, and there is some love in it as well, I think.",
    "Would it help to write it down first, the way that you would tell it to a friend?",
    "He said that it was nothing, and you have been lying awake over that word ever since.",
    "You have worked there for twenty years, and they told you in a letter of four lines.",
]


def _shuffled(seed: int) -> str:
    """The words of two sentences in another order."""
    chance = random.Random(seed)
    two = chance.sample(SENTENCES, 2)
    words = [word.strip(",.?") for sentence in two for word in sentence.split()]
    chance.shuffle(words)
    return " ".join(words)


SALADS = [
    *map(_shuffled, range(24)),
    "the of and a to you is that the it was in for on the with a of is the and to",
    "to the the of and is you and you of it to a is in it that the of",
    "kitchen purple seven yesterday lamp running mother window blue apple slowly horse stone",
    "empathy validation support feelings journey healing strength resilience community growth "
    "trust hope warmth comfort",
    "asdf jkl qwer zxcv poiu mnbv asdf lkjh qwpo zmxn",
    "sdfghj kjhgfd wertzu xcvbnm qpwoei rutzgh dkfjgh slaxnc",
    "xkcd qwrt plmk zzxq vbnq jkfd hgtr wqzx",
    "jfkdls; ajfkdls jfkdlsa fjdkslf jdksl fjdksla fjdksl",
    "ddddddddddddddddd",
    "ffffffff ffffffffff",
]

SENSE = [
    *SENTENCES,
    "ok so you had it before anybody knew there'd be a solo. and nobody's heard one note.",
    "Gooooood morning! Sooooo happy for you!!!",
    "Breathe. Walk. Sleep. Call your sister. Eat something warm. In that order, maybe?",
    "That's the spirit, two hours in the chair and nobody noticed a thing!",
    "Wee yin, ye've had some week of it. Whit did yer maw say when ye telt her?",
    "Number 4 dey work, number 10 dey waka. And the boy thinks his shirt just loves him.",
    "Grand so. He's away with the bread van, and you're left with the hens and the post.",
    "Embarrassing, then more embarrassing, with interest, like the tax office pero for friends.",
    "Kubernetes, Postgres, Redis, nginx: I know none of these, but I know being on call.",
    "Sad, tired, ashamed, worried, awake: no wonder nights feel endless.",
    "Five things you see, four things you hear, three things you can touch, two things you smell, "
    "one thing you taste.",
    "Breathe in. Hold. Breathe out. " * 3,
    "Inhale 1, 2, 3, 4. Hold 1, 2, 3, 4. Exhale 1, 2, 3, 4. Hold 1, 2, 3, 4.",
    "May you be safe. May you be well. May you be at ease.",
    "It's okay to be angry. It's okay to be sad. It's okay to be numb. It's okay to be all of it.",
    "I'm so sorry for your loss.",
    "Hmm.",
    "lol same",
    "😔😔😔",
    "",
    "12 34 56 78",
    "Das klingt wirklich schwer, und es ist verständlich, dass du dich nach dieser langen Woche "
    "erschöpft fühlst. Möchtest du erzählen, was gestern passiert ist?",
    "Je comprends que cette semaine ait été très difficile pour toi, et que tu te sentes seule.",
    "Entiendo que esta semana ha sido muy dura y que te sientes sola desde que ella se fue.",
    "Rozumiem, że ten tydzień był dla ciebie bardzo trudny i czujesz się sama od tamtej chwili.",
    "Ymmärrän, että tämä viikko on ollut sinulle hyvin raskas ja tunnet olosi yksinäiseksi.",
    "Ik begrijp dat deze week heel zwaar voor je is geweest en dat je je alleen voelt.",
    "Chápu, že tento týden byl pro tebe velmi těžký a že se cítíš sama od chvíle, kdy odešla.",
    "Bu haftanın senin için çok zor geçtiğini ve kendini yalnız hissettiğini anlıyorum.",
    "Rwy'n deall bod yr wythnos hon wedi bod yn anodd iawn i ti, a dy fod yn teimlo'n unig.",
    "Megértem, hogy ez a hét nagyon nehéz volt számodra, és egyedül érzed magad.",
    "Naiintindihan ko na napakahirap ng linggong ito para sa iyo, at nag-iisa ka ngayon.",
    "我理解这一周对你来说非常艰难，自从你姐姐离开以后你感到很孤独。",
    "Я понимаю, что эта неделя была для тебя очень тяжёлой.",
    "أفهم أن هذا الأسبوع كان صعبًا جدًا بالنسبة لك.",
]


@pytest.mark.parametrize("reply", SALADS)
def test_word_salad_is_found(reply: str):
    finding = find_word_salad(reply)
    assert finding is not None
    assert finding.veto == "word_salad"
    assert finding.quote
    assert finding.quote in reply
    assert finding.quote in finding.reason


@pytest.mark.parametrize("reply", SENSE)
def test_an_odd_reply_makes_sense(reply: str):
    assert find_word_salad(reply) is None


def test_a_table_that_is_written_is_read_back(tmp_path: Path):
    table = word_pairs.build(["You are here. Are you here?", "Here you are!"])
    assert list(table.rank) == ["are", "here", "you"]
    assert table.follows("you", "are")
    assert table.follows("here", "you")
    # Over the end of a sentence nothing follows.
    assert not table.follows("here", "are")
    word_pairs.save(table, tmp_path / "table.gz")
    assert word_pairs.load(tmp_path / "table.gz") == table


def test_the_order_of_the_texts_makes_no_difference(tmp_path: Path):
    files = []
    for name, texts in (("a", ["One two.", "Two one."]), ("b", ["Two one.", "One two."])):
        word_pairs.save(word_pairs.build(texts), tmp_path / name)
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]


def test_another_file_is_refused(tmp_path: Path):
    table = word_pairs.build(["You are here."])
    word_pairs.save(table, tmp_path / "table.gz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_pairs, "FORMAT", "kardia word pairs 2")
        with pytest.raises(ValueError, match="no table of word pairs"):
            word_pairs.load(tmp_path / "table.gz")


def test_a_new_table_is_a_new_version_of_the_vetoes():
    """Scores by another table must not pass for scores by this one."""
    table = word_pairs.written_pairs()
    content = "\n".join(table.rank).encode() + table.bits
    pinned = {1: "7353b030cd2b4e1ebb00f64fe082b1d66b4c92e860e8db8f856385ab24e85d0d"}
    assert hashlib.sha256(content).hexdigest() == pinned[VERSION]
