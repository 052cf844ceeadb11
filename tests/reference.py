"""The whole blend again, slowly: plain Python over rows, no sparse matrix, no block, nothing of the engine's code.

Only the settings, the vocabularies and the canonical rows are taken from the engine. Each function follows the
formula in the docstring of its scorer, pair by pair.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import asin, cos, exp, log, log1p, radians, sin, sqrt

EARTH_KM = 6371.0


def once(method):
    """Remember the answers of a method."""

    def answer(self, *arguments):
        key = method.__name__, *arguments
        if key not in self.known:
            self.known[key] = method(self, *arguments)
        return self.known[key]

    return answer


def bucket(gram):
    """The engine's hash, spelled out, so that the same grams collide: two unlike texts may score a little above 0."""
    hashed = ord(gram[0])
    for character in gram[1:]:
        hashed = (hashed * 0x9E3779B97F4A7C15 + ord(character)) % 2**64
    return ((hashed ^ (hashed >> 31)) * 0xBF58476D1CE4E5B9 % 2**64) >> 46


class Reference:
    """Scores by (seeker, candidate), by the names of the scorers."""

    def __init__(self, dataset):
        self.known = {}
        self.settings, self.domain = dataset.domain.settings, dataset.domain
        self.organizations = dataset.organizations.to_dicts()
        self.events, self.participations = dataset.events.to_dicts(), dataset.participations.to_dicts()
        self.partnerships, self.ties = dataset.partnerships.to_dicts(), dataset.region_ties.to_dicts()
        self.topics, self.today, self.languages = dataset.topics.to_dicts(), dataset.today, dataset.languages
        self.vocabularies = {"interests": dataset.interests, "sectors": dataset.sectors, "regions": dataset.regions}
        self.ids = [row["org_id"] for row in self.organizations]
        self.n = len(self.ids)
        self.all = self._events() + self._agreements()
        self.degree = [sum(c["strength"] * c["sure"].get(i, 0.0) for c in self.all) for i in self.ids]

    def log_odds(self, seeker, candidate):
        weights = self.settings["weights"]
        parts = (weights[name] * getattr(self, name)(seeker, candidate) for name in weights if name != "intercept")
        return weights["intercept"] + sum(parts)

    def mutual(self, seeker, candidate):
        chances = (1 / (1 + exp(-self.log_odds(*pair))) for pair in ((seeker, candidate), (candidate, seeker)))
        return next(chances) * next(chances)

    # --- terms

    def above(self, vocabulary, term):
        known, chain = self.vocabularies[vocabulary].terms, []
        while term is not None:
            chain.append(term)
            term = known[term].parent
        return chain

    def closed(self, stated):
        terms, decay = self.vocabularies["interests"].terms, self.settings["features"]["parent_decay"]
        found = {}
        for term, value in stated.items():
            near = [(other, decay**depth) for depth, other in enumerate(self.above("interests", term))]
            near += [
                (other, self.settings["features"]["related"])
                for other in terms
                if other in terms[term].related or term in terms[other].related
            ]
            for other, share in near:
                found[other] = max(found.get(other, 0.0), value * share)
        return found

    def stated(self, row, field):
        found = dict.fromkeys(row[field], 1.0)
        if field == "interests":
            sure = {event["event_id"] for event in self.events if event["verified"]}
            mine = {f["event_id"] for f in self.participations if f["org_id"] == row["org_id"] and f["verified"]} & sure
            usual = [fact["term"] for fact in self.topics if fact["event_id"] in mine]
            share = self.settings["features"]["topic"]
        else:
            rules = [r for r in self.domain.rules if row["sector"] and r.sector in self.above("sectors", row["sector"])]
            usual = [term for rule in rules for term in getattr(rule, field)]
            own = {term for rule in rules for term in rule.offers} if field == "seeks" else set()
            follows = [rule for rule in rules if rule.interests_as == field]
            usual += [term for rule in follows for term in row["interests"] if term not in own]
            share = self.settings["features"][f"derived_{field[:-1]}"]
        return {term: found.get(term, share) for term in {*found, *usual}}

    @once
    def vectors(self, *fields):
        """Closed values of each organization by field, and the rarity of each term over all of them."""
        vectors = [[self.closed(self.stated(row, field)) for row in self.organizations] for field in fields]
        count = Counter(term for column in vectors for vector in column for term in vector)
        return vectors, {term: log1p(self.n * len(fields) / (1 + df)) for term, df in count.items()}

    def interests(self, i, j):
        (vectors,), rarity = self.vectors("interests")

        def shared(x, y):
            return sum(rarity[term] * min(x[term], y[term]) for term in x.keys() & y.keys())

        x, y = vectors[i], vectors[j]
        return shared(x, y) / sqrt(shared(x, x) * shared(y, y)) if x and y else 0.0

    def complementarity(self, i, j):
        (seeks, offers), rarity = self.vectors("seeks", "offers")
        top = {term: max(v.get(term, 0.0) for v in seeks + offers) for term in rarity}
        typical = sum(rarity[term] * top[term] for term in rarity) / max(len(rarity), 1)
        sought = sum(rarity[term] * value for term, value in seeks[i].items())
        met = sum(rarity[term] * min(value, offers[j].get(term, 0.0)) for term, value in seeks[i].items())
        return met / (typical + sought) if sought else 0.0

    def text(self, i, j):
        vectors = self.grams()
        x, y = vectors[i], vectors[j]
        norm = sqrt(sum(v * v for v in x.values()) * sum(v * v for v in y.values()))
        return sum(x[gram] * y[gram] for gram in x.keys() & y.keys()) / norm if norm else 0.0

    @once
    def text_of(self, i):
        terms, row = self.vocabularies["interests"].terms, self.organizations[i]
        stated = dict.fromkeys(term for field in ("interests", "offers", "seeks") for term in row[field])
        labels = [" ".join(terms[term].labels.values()) or term for term in stated]
        names = [row[f"name_{language}" if language else "name"] for language in self.languages]
        words = " ".join(filter(None, [*names, " ".join(row["aliases"]), row["description"], *labels]))
        return " ".join(words.lower().replace("-", " ").split())

    @once
    def grams(self):
        counts = [
            Counter(bucket(words[k : k + m]) for m in (2, 3, 4) for k in range(len(words) - m + 1))
            for words in map(self.text_of, range(self.n))
        ]
        df = Counter(gram for count in counts for gram in count)
        return [{g: (1 + log(tf)) * log((1 + self.n) / (1 + df[g])) for g, tf in count.items()} for count in counts]

    # --- places and sectors

    def places(self, row):
        place = row["city"] or row["region"]
        if place is None and row["country"] in self.vocabularies["regions"].terms:
            place = row["country"]
        return {term: 0.5**depth for depth, term in enumerate(self.above("regions", place))}

    def regions(self, i, j):
        settings = self.settings["regions"]
        mine, theirs = (self.places(self.organizations[k]) for k in (i, j))
        tied = 0.0
        for tie in self.ties:
            weight = settings["kind"].get(tie["kind"], settings["kind"]["other"])
            if tie["value"] is not None:
                weight = min(log(1 + tie["value"]) / log(1 + settings["value_cap"]), 1.0)
            weight *= 1.0 if tie["verified"] else settings["unverified"]
            for left, right in {(tie["left"], tie["right"]), (tie["right"], tie["left"])}:
                tied += weight * mine.get(left, 0.0) * theirs.get(right, 0.0)
        share = settings["distance_share"]
        return (1 - share) * tied / (1 + tied) + share * self.nearness(mine, theirs)

    def nearness(self, mine, theirs):
        if not mine or not theirs:
            return 0.0
        terms = [self.vocabularies["regions"].terms[next(iter(place))] for place in (mine, theirs)]
        if any(term.parent is None or "latitude" not in term.attributes for term in terms):
            return 0.0
        (a, b), (c, d) = ([radians(term.attributes[key]) for key in ("latitude", "longitude")] for term in terms)
        chord = sin((a - c) / 2) ** 2 + cos(a) * cos(c) * sin((b - d) / 2) ** 2
        return exp(-2 * EARTH_KM * asin(sqrt(chord)) / self.settings["regions"]["distance_km"])

    def sectors(self, i, j):
        settings, sector = self.settings["sectors"], {row["org_id"]: row["sector"] for row in self.organizations}
        count = Counter()
        deals = [(fact["left"], fact["right"], 1.0) for fact in self.partnerships if fact["verified"]]
        if not deals:
            deals = [
                (a, b, x * y / max(c["size"] - 1, 1) / 2)
                for c in self.all
                for (a, x), (b, y) in product(c["sure"].items(), repeat=2)
                if a != b
            ]
        for left, right, weight in deals:
            if sector[left] and sector[right]:
                count[sector[left], sector[right]] += weight
                count[sector[right], sector[left]] += weight
        mine, theirs = self.organizations[i]["sector"], self.organizations[j]["sector"]
        if not mine or not theirs:
            return 0.0
        margin = [sum(v for (s, _), v in count.items() if s == name) for name in (mine, theirs)]
        expected = margin[0] * margin[1] / max(sum(count.values()), 1.0)
        prior = settings["same_kind"] if self.above("sectors", mine)[-1] == self.above("sectors", theirs)[-1] else 1.0
        terms = self.vocabularies["sectors"].terms
        if theirs in terms[mine].related or mine in terms[theirs].related:
            prior = settings["related"]
        prior = settings["same"] if mine == theirs else prior
        lift = (count[mine, theirs] + settings["shrinkage"] * prior) / (expected + settings["shrinkage"])
        return min(max(log(lift) / log(settings["cap"]), 0.0), 1.0)

    # --- the graph

    def strength(self, kind, day):
        graph = self.settings["graph"]
        age = graph["undated"] if day is None else 0.5 ** (max((self.today - day).days, 0) / graph["half_life_days"])
        return graph["kind"].get(kind, graph["kind"]["other"]) * age

    def _events(self):
        roles, contexts = self.settings["graph"]["role"], []
        for event in self.events:
            facts = [fact for fact in self.participations if fact["event_id"] == event["event_id"]]
            members = {
                f["org_id"]: max([roles.get(r, roles["other"]) for r in f["role"]] or [roles["other"]]) for f in facts
            }
            sure = {f["org_id"]: members[f["org_id"]] for f in facts if f["verified"] and event["verified"]}
            size, all_size = (max(n, event["size"] or 0) for n in (len(sure or members), len(members)))
            numbers = {"size": size, "all_size": all_size, "strength": self.strength(event["kind"], event["day"])}
            contexts.append({"members": members, "sure": sure, "day": event["day"], **numbers})
        return contexts

    def _agreements(self):
        contexts = []
        for deal in self.partnerships:
            members = {deal["left"]: 1.0, deal["right"]: 1.0}
            strength = self.strength("agreement", deal["day"])
            sure = members if deal["verified"] else {}
            numbers = {"size": 2, "all_size": 2, "strength": strength}
            contexts.append({"members": members, "sure": sure, "day": deal["day"], **numbers})
        return contexts

    def _shared(self, i, j, which, size):
        a, b = self.ids[i], self.ids[j]
        shared = [c for c in self.all if a in c[which] and b in c[which]]
        return sum(c[which][a] * c[which][b] * c["strength"] / log(1 + c[size]) for c in shared)

    def contexts(self, i, j):
        doubtful = self._shared(i, j, "members", "all_size") - self._shared(i, j, "sure", "all_size")
        x = self._shared(i, j, "sure", "size") + min(max(doubtful, 0.0), self.settings["graph"]["unverified_cap"])
        return x / (1 + x) if i != j else 0.0

    @once
    def visits(self, i):
        """(1 − d) Σ dᵏ Pᵏ, term by term."""
        damping = (1 - self.settings["graph"]["restart"]) ** 2
        here, visits = [float(k == i) for k in range(self.n)], [0.0] * self.n
        if self.degree[i] == 0:
            return visits
        for k in range(120):
            visits = [v + (1 - damping) * damping**k * x for v, x in zip(visits, here, strict=True)]
            onward = [0.0] * self.n
            for c in self.all:
                inside = [(self.ids.index(a), w * c["strength"]) for a, w in c["sure"].items()]
                total = sum(w for _, w in inside)
                arriving = sum(here[a] * w / self.degree[a] for a, w in inside)
                for a, w in inside:
                    onward[a] += arriving * w / total
            here = onward
        return visits

    def walk(self, i, j):
        n = max(sum(d > 0 for d in self.degree), 1)
        return min(log(1 + n * self.visits(i)[j]) / log(1 + n), 1.0) if i != j else 0.0

    @once
    def met(self, i):
        """How often an organization met each other, by the weight of the contexts."""
        mine, met = self.ids[i], [0.0] * self.n
        for c in self.all:
            for k, other in enumerate(self.ids):
                if k != i and mine in c["sure"] and other in c["sure"]:
                    met[k] += c["strength"] * c["sure"][mine] * c["sure"][other]
        return met

    def on_chance_scale(self, share):
        n = max(sum(d > 0 for d in self.degree), 1)
        return min(log(1 + n * share) / log(1 + n), 1.0)

    def two_step(self, i, j):
        if i == j:
            return 0.0
        ways = ((k, x) for k, x in enumerate(self.met(i)) if x)
        return self.on_chance_scale(sum(x / sum(self.met(i)) * self.met(k)[j] / sum(self.met(k)) for k, x in ways))

    def walk_corrected(self, i, j):
        if i == j or not self.degree[j]:
            return 0.0
        shares = [d / sum(self.degree) for d in self.degree if d > 0]
        lift = max(self.visits(i)[j] * sum(self.degree) / self.degree[j], 1.0)
        return min(log(lift) / log(max(1 / min(shares), exp(1))), 1.0)

    @once
    def links(self):
        links = [[0.0] * self.n for _ in self.ids]
        agreed = any(deal["verified"] for deal in self.partnerships)
        deals = self.all[len(self.events) :] if agreed else self.all
        for c in deals:
            for (a, x), (b, y) in product(c["sure"].items(), repeat=2):
                if a != b:
                    each = c["strength"] if agreed else x * y * c["strength"] / max(c["size"] - 1, 1)
                    links[self.ids.index(a)][self.ids.index(b)] += each
        return [[min(x, 1.0) for x in row] for row in links] if agreed else links

    def along(self, x):
        return [sum(a * b for a, b in zip(row, x, strict=True)) for row in self.links()]

    @once
    def largest_eigenvalue(self, steps=60):
        """By the power iteration that the engine states, so that both stop at the same place."""
        x, square = [1.0] * self.n, 0.0
        for _ in range(steps):
            x = self.along(self.along(x))
            square = sqrt(sum(value * value for value in x))
            if square == 0:
                return 0.0
            x = [value / square for value in x]
        return sqrt(square)

    @once
    def chains(self, i):
        chains = [[float(k == i) for k in range(self.n)]]
        for _ in range(5):
            chains.append([value / self.largest_eigenvalue() for value in self.along(chains[-1])])
        return chains

    def katz(self, i, j):
        if not self.largest_eigenvalue() or i == j or self.links()[i][j] > 0:
            return 0.0
        b2 = self.settings["graph"]["katz_attenuation"] ** 2
        chains = (self.chains(i)[3][j] + b2 * self.chains(i)[5][j]) / (1 + b2)
        return min(log(1 + self.n * chains) / log(1 + self.n), 1.0)

    def bridge(self, i, j):
        terms = self.vocabularies["sectors"].terms
        marked = [
            next(
                (
                    terms[s].attributes["hub"]
                    for s in self.above("sectors", row["sector"])
                    if "hub" in terms[s].attributes
                ),
                False,
            )
            for row in self.organizations
        ]
        hubs = [hub for hub, is_hub in zip(self.ids, marked, strict=True) if is_hub]

        def member(k, hub):
            together = [c for c in self.all if self.ids[k] in c["sure"] and hub in c["sure"]]
            x = sum(c["sure"][self.ids[k]] * c["sure"][hub] * c["strength"] for c in together)
            return 1.0 if self.ids[k] == hub else x / (1 + x)

        paths = 0.0
        for deal, context in zip(self.partnerships, self.all[len(self.events) :], strict=True):
            if deal["verified"] and deal["left"] in hubs and deal["right"] in hubs:
                for g, h in ((deal["left"], deal["right"]), (deal["right"], deal["left"])):
                    paths += member(i, g) * context["strength"] * member(j, h)
        return paths / (1 + paths) if i != j else 0.0

    def popularity(self, i, j):
        return log1p(self.degree[j]) / log1p(max(self.degree)) if max(self.degree) else 0.0

    @once
    def others(self):
        """By organization: how often it was with how many others."""
        met = [[c["sure"].get(i, 0.0) * c["strength"] * max(c["size"] - 1, 0) for c in self.all] for i in self.ids]
        return [sum(row) for row in met]

    def reach(self, i, j):
        return log1p(self.others()[j]) / log1p(max(self.others())) if max(self.others()) else 0.0

    def local_reach(self, i, j):
        mine, theirs = (self.organizations[k]["country"] for k in (i, j))
        return self.reach(i, j) if i == j or (mine and mine == theirs) else 0.0

    @once
    def first_contexts(self, i):
        """Those of the first day; what has no day comes after all that have one."""
        mine = [c for c in self.all if c["sure"].get(self.ids[i])]
        days = [c["day"] for c in mine if c["day"] is not None]
        return [c for c in mine if c["day"] == (min(days) if days else None)]

    @once
    def first_met(self, members, j):
        """How often an organization was there when one of the members came for the first time."""
        others = [k for k in members if k != j]
        shared = ((c, k) for k in others for c in self.first_contexts(k) if self.ids[j] in c["sure"])
        return sum(c["sure"][self.ids[j]] * c["strength"] for c, _ in shared)

    def counterparts(self, group, i, j):
        """To the one that the members of the seeker's group met first."""
        mine = self.organizations[i][group]
        if i == j or not mine:
            return 0.0
        members = tuple(k for k, row in enumerate(self.organizations) if row[group] == mine)
        total = sum(self.first_met(members, k) for k in range(self.n))
        return self.on_chance_scale(self.first_met(members, j) / total) if total else 0.0

    def sector_counterparts(self, i, j):
        return self.counterparts("sector", i, j)

    def country_counterparts(self, i, j):
        return self.counterparts("country", i, j)

    @once
    def activity(self, i):
        """The weight of an organization's events and interests on each topic."""
        found = Counter(dict.fromkeys(self.organizations[i]["interests"] or (), 1.0))
        for event, c in zip(self.events, self.all, strict=False):
            for term in {row["term"] for row in self.topics if row["event_id"] == event["event_id"]}:
                found[term] += c["strength"] * c["sure"].get(self.ids[i], 0.0)
        return {term: value for term, value in found.items() if value}

    def topic_walk(self, i, j):
        mine = self.activity(i) if i != j else {}
        share = 0.0
        for term, value in mine.items():
            share += (
                value
                / sum(mine.values())
                * self.activity(j).get(term, 0.0)
                / sum(self.activity(k).get(term, 0.0) for k in range(self.n))
            )
        n = max(sum(bool(self.activity(k)) for k in range(self.n)), 1)
        return min(log(1 + n * share) / log(1 + n), 1.0)
