"""bpe and wordpiece: tokens that are pieces of words, by the library ``tokenizers``."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from pellucid import CheckpointError, ConfigError, DataError, Example, HostArray, check_bool, check_int

from pellucid_transformer.text.tokenizer import Tokenizer, seen

_BPE = (
    '{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":'
    '"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},"post_processor":null,"decoder":{"type"'
    ':"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","dropout":null,'
    '"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false'
    ',"ignore_merges":false,"vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]}}'
)
_WORDPIECE = (
    '{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":'
    'null,"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]",'
    '"continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,'
    '"a":4,"##b":5}}}'
)


class _OfLibrary(Tokenizer):
    """A tokenizer that the library ``tokenizers`` trains and applies. What it has learned is the library's own JSON,
    which holds no code; it is saved with the model as bytes."""

    fitted = ("learned",)
    learned: HostArray | None = None
    """The JSON in UTF-8, uint8."""

    def __init__(
        self, vocabulary: int, definition: str | None, mask: bool, longest: int | None, column: str
    ) -> None:  # fmt: skip
        super().__init__(mask=mask, longest=longest, column=column)
        check_int(self, "vocabulary", vocabulary, "[1, inf)")
        self.vocabulary = vocabulary
        self.definition = definition
        if definition is not None:
            self.load(definition)

    def load(self, definition: str) -> None:
        """Take what was learned elsewhere: the library's JSON, as a file ``tokenizer.json`` has it.

        Raises:
            DataError: it is no such JSON.
        """
        self.__dict__.pop("_made", None)
        self._tokens: dict[str, int] = _known_tokens(definition)
        self.learned = np.frombuffer(definition.encode(), np.uint8).copy()

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        super().restore(arrays)
        learned = self._learned("learned")
        try:
            if learned.dtype != np.uint8 or learned.ndim != 1:
                raise DataError(f"'learned' must hold bytes. Received: {learned.dtype} of shape {learned.shape}.")
            self.load(learned.tobytes().decode())
        except (DataError, UnicodeDecodeError) as error:
            raise CheckpointError(
                f"The saved state of {type(self).__name__} is damaged, or was written by another version: {error}"
            ) from error

    @property
    def size(self) -> int:
        self._learned("learned")
        return len(self._tokens)

    def train(self, texts: Iterable[str]) -> None:
        tokenizer, trainer = self._untrained()
        tokenizer.train_from_iterator(texts, trainer)
        self._finish(tokenizer)
        self.load(tokenizer.to_str())

    def encode(self, text: str, where: str = "the text") -> HostArray:
        return np.array(self._library.encode(_sound(text, where)).ids, np.int64)

    def decode(self, tokens: Any) -> str:
        return str(self._library.decode(self._tokens_of(tokens).tolist()))

    def name(self, token: int) -> str:
        """The token as the library writes it, a blank before a word as one: ``##ing``, ``␣the``."""
        return seen(str(self._library.id_to_token(int(token))).replace("Ġ", " ").replace("Ċ", "\n"))

    @property
    def _library(self) -> Any:
        """The library's object, made when it is first used; no part of what is copied or saved."""
        made = self.__dict__.get("_made")
        if made is None:
            learned = self._learned("learned").tobytes().decode()
            made = self.__dict__["_made"] = require_library(type(self).__name__).Tokenizer.from_str(learned)
            made.no_truncation()
            made.no_padding()
        return made

    @abstractmethod
    def _untrained(self) -> tuple[Any, Any]:
        """The library's tokenizer and what trains it."""

    def _finish(self, tokenizer: Any) -> None:
        """What is done to a tokenizer once its tokens are known."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_made"}


class Bpe(_OfLibrary):
    """Byte pair encoding: the 256 bytes are tokens, and again and again the two neighbours that stand together most
    often in the training texts become one token more. No text is unknown.

    Args:
        vocabulary: tokens in all, at least 256; fewer if the texts have no more pairs.
        definition: what was learned elsewhere: the JSON of the library, as in ``tokenizer.json``.
        mask, longest, column: see :class:`Tokenizer`.

    Source: Sennrich, Haddow, Birch: Neural machine translation of rare words with subword units, 2016; of bytes:
    Radford et al., Language models are unsupervised multitask learners, 2019.
    """

    examples = (Example({"definition": _BPE}, (("int", 3, 5),)),)

    def __init__(
        self, vocabulary: int = 1000, *, definition: str | None = None, mask: bool = False, longest: int | None = None,
        column: str = "text",
    ) -> None:  # fmt: skip
        check_int(self, "vocabulary", vocabulary, "[256, inf)")
        super().__init__(vocabulary, definition, mask, longest, column)

    def _untrained(self) -> tuple[Any, Any]:
        library = require_library(type(self).__name__)
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        return tokenizer, library.trainers.BpeTrainer(
            vocab_size=self.vocabulary, show_progress=False,
            initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        )  # fmt: skip


class WordPiece(_OfLibrary):
    """Words, and pieces of rarer words, as BERT has them: ``[CLS]`` before each text, ``[SEP]`` behind it, ``[UNK]``
    for a word with a character that no training text has. Blanks and, where ``lowercase`` says so, capitals and accents
    are not kept: decoded texts are near to what was written.

    Args:
        vocabulary: tokens in all; fewer if the texts have no more pieces.
        lowercase: whether capitals become small letters and accents are taken off.
        definition: what was learned elsewhere: the JSON of the library, as in ``tokenizer.json``.
        mask, longest, column: see :class:`Tokenizer`; ``[SEP]`` stays where a text is cut.

    Source: Schuster, Nakajima: Japanese and Korean voice search, 2012; Devlin et al., BERT, 2019.
    """

    examples = (Example({"definition": _WORDPIECE, "mask": True}, (("int", 6, 5),)),)
    _special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

    def __init__(
        self, vocabulary: int = 8000, *, lowercase: bool = True, definition: str | None = None, mask: bool = False,
        longest: int | None = None, column: str = "text",
    ) -> None:  # fmt: skip
        check_bool(self, "lowercase", lowercase)
        if longest is not None and longest < 2:
            raise ConfigError(f"The 'longest' of WordPiece must leave room for [CLS] and [SEP]. Received: {longest}.")
        self.lowercase = lowercase
        super().__init__(vocabulary, definition, mask, longest, column)

    @classmethod
    def of(cls, vocabulary: Sequence[str], **arguments: Any) -> WordPiece:
        """That of a list of tokens, each the number of its place: the lines of a ``vocab.txt`` of BERT."""
        made = cls(max(1, len(vocabulary)), **arguments)
        tokens = {token: number for number, token in enumerate(vocabulary)}
        tokenizer = made._over(tokens)
        made._finish(tokenizer)
        made.load(tokenizer.to_str())
        return made

    @property
    def special(self) -> Mapping[str, int]:
        return {token.strip("[]").lower(): self._tokens[token] for token in self._special if token in self._tokens}

    @property
    def padding(self) -> int:
        return self.special.get("pad", 0)

    def shortened(self, tokens: HostArray) -> HostArray:
        if self.longest is None or len(tokens) <= self.longest:
            return tokens
        return np.append(tokens[: self.longest - 1], tokens[-1])

    def decode(self, tokens: Any) -> str:
        return str(self._library.decode(self._tokens_of(tokens).tolist(), skip_special_tokens=True))

    def _untrained(self) -> tuple[Any, Any]:
        library = require_library(type(self).__name__)
        return self._over(None), library.trainers.WordPieceTrainer(
            vocab_size=self.vocabulary, special_tokens=list(self._special), show_progress=False
        )

    def _over(self, tokens: dict[str, int] | None) -> Any:
        library = require_library(type(self).__name__)
        model = library.models.WordPiece(tokens or {}, unk_token="[UNK]", max_input_chars_per_word=100)
        tokenizer = library.Tokenizer(model)
        tokenizer.normalizer = library.normalizers.BertNormalizer(lowercase=self.lowercase)
        tokenizer.pre_tokenizer = library.pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = library.decoders.WordPiece()
        return tokenizer

    def _finish(self, tokenizer: Any) -> None:
        library, known = require_library(type(self).__name__), tokenizer.get_vocab()
        lacking = [token for token in ("[UNK]", "[CLS]", "[SEP]") if token not in known]
        if lacking:
            raise DataError(
                f"The tokens of WordPiece must include {', '.join(lacking)}. Received: {len(known)} others."
            )
        tokenizer.add_special_tokens([token for token in self._special if token in known])
        tokenizer.post_processor = library.processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[(token, known[token]) for token in ("[CLS]", "[SEP]")]
        )


def require_library(who: str) -> Any:
    """The library ``tokenizers``.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import tokenizers  # optional, and slow to import
    except ImportError as error:
        raise ConfigError(
            f"{who} needs the library 'tokenizers', which is not installed: pip install "
            "'pellucid-transformer[tokenizers]'. The tokenizers 'characters' and 'bytes' need nothing."
        ) from error
    return tokenizers


def _known_tokens(definition: str) -> dict[str, int]:
    """All tokens of the library's JSON and their numbers."""
    try:
        content = json.loads(definition)
        tokens = dict(content["model"]["vocab"])
        tokens |= {str(added["content"]): added["id"] for added in content.get("added_tokens") or ()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            "A tokenizer's definition must be the JSON of the library 'tokenizers', with a vocabulary in "
            f"model.vocab. Received: {definition!r:.60} ({type(error).__name__}: {error})."
        ) from error
    if sorted(tokens.values()) != list(range(len(tokens))):
        raise DataError(f"The tokens of a tokenizer must be numbered from 0 without gaps. Received: {len(tokens)}.")
    return tokens


def _sound(text: str, where: str) -> str:
    """The text, if it can be written in UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{where}, character {error.start}: {text[error.start]!r} is half of a surrogate pair and no character. "
            "Leave it out."
        ) from error
    return text
