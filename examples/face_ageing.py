"""Draw persons at other ages, and measure whether age is met and the person kept.

    python examples/face_ageing.py --data UTKFace --out face-ageing

A hash of the name of each of UTKFace's files says what it is for: half train the game,
a fifth its judges, a fifth two judges that only measure, a tenth is drawn. The encoders
of persons are a proxy of identity, since the set names nobody.

8,000 steps with 4,800 files, 21 CPU minutes: by an estimator that the game
never saw the asked groups look 19, 31, 35, 41 and 44 years old, and faces are 0.02 to
0.10 from the input (0.98 between persons). The young get smooth skin and large eyes,
the old beards, wrinkles and grey hair. A few cheeks have patches; babies fare worst.
"""

import argparse
import json
import sys
from pathlib import Path

import keras
import numpy as np

from keras_gan import callbacks, data, pictures, recipes
from keras_gan.models.ages import group_of
from keras_gan.recipes.face_judges import varied

AGE_GROUPS = (0, 15, 30, 45, 60, 120)
GAME, JUDGES, MEASURE, TEST = (0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0)
# A step costs about half of one at 64x64.
SIZE, BATCH_SIZE, STEPS, JUDGE_STEPS, EPOCH = 48, 16, 8000, 600, 500


def scaled(faces):
    return faces["image"].astype("float32") / 127.5 - 1.0


def kept(path, train):
    """What `train` returns, or the file of the first time."""
    if not path.exists():
        train().save(path)
    return keras.saving.load_model(path)


def encoder(faces, num_steps):
    attributes = {name: faces[name] for name in ("gender", "race")}
    return recipes.train_identity(scaled(faces), attributes, num_steps=num_steps)


def balanced(faces):
    """As many faces of every group, the rarer ones again and again."""
    groups = group_of(faces["age"], AGE_GROUPS)
    most = np.bincount(groups).max()
    rows = [np.resize(np.flatnonzero(groups == g), most) for g in np.unique(groups)]
    return {name: faces[name][np.concatenate(rows)] for name in ("image", "age")}


def measured(game, faces, identity, estimator):
    """Ages and distances at all groups, by the judges that only measure."""
    images, groups = scaled(faces), np.arange(game.num_groups)
    aged = [game.generate(images, groups=group) for group in groups]

    def years(x):
        return 10.0 * estimator.predict(x, verbose=0)[:, 0]

    def features(x):
        found = identity.predict(x, verbose=0)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    ages = np.stack([years(x) for x in aged], axis=1)  # (persons, groups)
    ranks = ages.argsort(axis=1).argsort(axis=1)
    follows = [np.corrcoef(groups, row)[0, 1] for row in ranks]
    before = features(images)
    again = 1 - (before * features(np.array(varied()(images, training=True)))).sum(1)
    drawn = np.stack([1 - (before * features(x)).sum(1) for x in aged])
    apart = (1 - before @ before.T)[np.triu_indices(len(images), 1)]
    return {
        "age_groups": AGE_GROUPS,
        "estimated_age_by_asked_group": ages.mean(0).tolist(),
        "rank_correlation": float(np.mean(follows)),
        "estimated_age_of_inputs": float(years(images).mean()),
        "age_of_inputs": float(faces["age"].mean()),
        "error_of_estimator": float(np.abs(years(images) - faces["age"]).mean()),
        "distance_to_input_by_group": drawn.mean(1).tolist(),
        "distance_of_versions": float(again.mean()),
        "distance_between_persons": float(apart.mean()),
        # How often two persons are further apart than one and the same; 0.5 is chance.
        "auc_of_versions": float((again[:, None] < apart).mean()),
        "auc_of_drawn": float((drawn.reshape(-1, 1) < apart).mean()),
        "mean_change_of_a_pixel": float(np.mean([np.abs(x - images) for x in aged])),
        "num_persons": len(images),
    }


def main(source, out, steps=STEPS) -> dict:
    keras.utils.set_random_seed(0)
    out.mkdir(parents=True, exist_ok=True)
    game_faces, judge_faces, measure_faces, test_faces = (
        data.utkface(source, SIZE, share=x) for x in (GAME, JUDGES, MEASURE, TEST)
    )
    few = min(JUDGE_STEPS, steps)
    identity = kept(out / "identity.keras", lambda: encoder(judge_faces, few))
    # Ages are told, not kept, so their judge may see the faces of the game as well.
    known = data.utkface(source, SIZE, share=(GAME[0], JUDGES[1]))
    classifier = kept(
        out / "age_classifier.keras",
        lambda: recipes.train_age_classifier(
            scaled(known), known["age"], AGE_GROUPS, num_steps=min(1500, steps)
        ),
    )
    game = recipes.face_aging(
        identity,
        classifier,
        (SIZE, SIZE, 3),
        age_groups=AGE_GROUPS,
        width=16,
        num_blocks=2,
        seed=0,
    )
    epoch = min(EPOCH, steps)
    rounds = {"steps_per_epoch": epoch, "epochs": steps // epoch}
    faces = data.from_arrays(balanced(game_faces), batch_size=BATCH_SIZE)
    keep = callbacks.Checkpoint(out / "checkpoints", every_minutes=3)
    game.fit(data.jittered(faces), callbacks=[keep], verbose=2, **rounds)
    game.save(out / "game.keras")

    judge = kept(out / "measuring.keras", lambda: encoder(measure_faces, few))
    estimator = kept(
        out / "age_estimator.keras",
        lambda: recipes.train_age_estimator(
            scaled(measure_faces), measure_faces["age"], num_steps=few
        ),
    )
    results = measured(game, test_faces, judge, estimator)
    results |= {"steps": int(game.step), "seed": 0, "command": " ".join(sys.argv)}
    (out / "results.json").write_text(json.dumps(results, indent=2))
    persons = scaled(test_faces)[:: max(1, len(test_faces["age"]) // 10)][:10]
    columns = [persons]
    columns += [game.generate(persons, groups=g) for g in range(game.num_groups)]
    rows = np.stack(columns, axis=1).reshape(-1, *persons.shape[1:])
    pictures.save_png(out / "samples.png", pictures.grid(rows, len(columns)))
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", dest="source", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("face-ageing"))
    parser.add_argument("--steps", type=int, default=STEPS)
    print(json.dumps(main(**vars(parser.parse_args())), indent=2))
