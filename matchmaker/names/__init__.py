"""Find who is meant by a name, in any of three scripts; what is close is ranked and offered, never silently picked.

On a dataset (`resolver_of(dataset)`, or `lookup`, which raises what the command line prints) or on any table::

    resolver = Resolver.of([Entry("hengrui", ["江苏恒瑞医药股份有限公司", "Hengrui"], country="CN")])
    resolution = resolver.resolve("恆瑞醫藥")          # a name and nothing else; country="CN" decides among namesakes
    resolution.status                                  # "exact", "sure", "ambiguous" or "unknown"
    resolution.found                                   # the Candidate that is meant (exact and sure only), else None
    resolution.candidates                              # ranked; each has row, identifier, spelling, how, likeness

`exact` is an identifier or a spelling; `sure` the same name but for its legal form or its script (simplified and
traditional, pinyin, romanization, Korean reading). A typo, initials or a part of a name is `ambiguous`, for a
person to decide.
`comparison_key(text)` is the form under which two spellings are the same. Rows are numbered by sorted identifier.
"""

from matchmaker.names.key import comparison_key
from matchmaker.names.legal_form import without_legal_form
from matchmaker.names.organization import Located, lookup, nearest_names, resolve, resolver_of
from matchmaker.names.resolver import Candidate, Entry, Resolution, Resolver
from matchmaker.names.term import resolve_term, settled

__all__ = [
    "Candidate",
    "Entry",
    "Located",
    "Resolution",
    "Resolver",
    "comparison_key",
    "lookup",
    "nearest_names",
    "resolve",
    "resolve_term",
    "resolver_of",
    "settled",
    "without_legal_form",
]
