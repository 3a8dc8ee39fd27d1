"""Few choices of parameters in which every two values of every two parameters meet at least once."""

from itertools import combinations


def pairs(values, keep=lambda choice: True):
    """`values`: name -> list of values. `keep` refuses choices (also partial ones) that may not occur.

    Greedy and without chance: each choice begins with a pair that has not met yet and takes, parameter by parameter, the
    value that lets most such pairs meet. A pair that no allowed choice can hold is left out.

    Packages were tried: with `keep`, allpairspy 2.5.1 leaves out allowed pairs too (101 of 1709 of choices.py).
    """
    names = list(values)
    open_pairs = {
        ((a, va), (b, vb)) for a, b in combinations(names, 2) for va in values[a] for vb in values[b]
        if keep({a: va, b: vb})
    }
    order = {pair: number for number, pair in enumerate(sorted(open_pairs, key=repr))}
    choices = []
    while open_pairs:
        first = min(open_pairs, key=order.get)
        choice = _complete(dict(first), names, values, open_pairs, keep)
        if choice is None:
            open_pairs.discard(first)
            continue
        choices.append(choice)
        open_pairs -= _met(choice, names)
    return choices


def _met(choice, names):
    return {((a, choice[a]), (b, choice[b])) for a, b in combinations(names, 2) if a in choice and b in choice}


def _complete(begun, names, values, open_pairs, keep):
    """The choice with all parameters; None if what was begun cannot be completed."""
    left = [name for name in names if name not in begun]
    if not left:
        return begun if keep(begun) else None
    name = left[0]

    rank = names.index(name)

    def gain(value):
        """Only pairs with the new value differ; those of what was begun are the same for all."""
        new = (name, value)
        met = (((other, side), new) if names.index(other) < rank else (new, (other, side)) for other, side in begun.items())
        return sum(pair in open_pairs for pair in met)

    for value in sorted(values[name], key=gain, reverse=True):
        tried = {**begun, name: value}
        # Looked ahead: a name that no side is left for would else be found only after all combinations of those between.
        if keep(tried) and all(any(keep({**tried, other: side}) for side in values[other]) for other in left[1:]):
            done = _complete(tried, names, values, open_pairs, keep)
            if done is not None:
                return done
    return None
