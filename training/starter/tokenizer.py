"""The starter's tokenizer: byte-level BPE on the corpus, span marks as single tokens."""

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from rubrics.judging.spans import SPAN_NAMES

VOCAB_SIZE = 2048
CONTEXT = 4096
PAD, TURN_BEGIN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPAN_MARKS = tuple(f"<|{name}_{edge}|>" for name in SPAN_NAMES for edge in ("begin", "end"))

# ChatML, as Qwen3 writes it without tools and thinking.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def train_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of `VOCAB_SIZE` tokens whose merges are learned from `texts`."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPAN_MARKS),
        special_tokens=[PAD, TURN_BEGIN, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    # Not "special": decoding must keep the marks, or no reply would ever have its four spans.
    bpe.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in SPAN_MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=PAD,
        eos_token=TURN_END,
        additional_special_tokens=[TURN_BEGIN],
        model_max_length=CONTEXT,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
