"""
Search with Optuna, and end bad trials early
============================================

.. image:: /images/gallery/optuna.png
   :alt: Validation loss by epoch of twelve trials; those worse than the median end early.

Optuna chooses the settings of each trial. A trial whose validation loss is worse than the median of those before it is
ended early. Several processes, also on several machines, can work on the same study: run the command in each of them.

.. code-block:: sh

   pip install "layerwise[optuna]"
   python search_with_optuna.py
"""

# sphinx_gallery_thumbnail_path = "images/gallery/optuna.png"

import optuna

import layerwise as lw

(X, y), (X_val, y_val), _ = lw.datasets.load_mnist()
X, y, X_val, y_val = X[:5000], y[:5000], X_val[:2000], y_val[:2000]  # a small share


def objective(trial: optuna.Trial) -> float:
    """Train a network with the settings of a trial; return its least validation loss."""
    net = lw.Network(
        [
            lw.Dense(trial.suggest_int("units", 16, 128, log=True)),
            lw.ReLU(),
            lw.Dropout(trial.suggest_float("dropout", 0.0, 0.5)),
            lw.Dense(10),
            lw.Softmax(),
        ],
        random_state=0,
    )
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    pruning = lw.OptunaPruning(trial, "val_loss")
    net.fit(X, y, optimizer=lw.Adam(rate), epochs=8, validation_data=(X_val, y_val), callbacks=pruning, verbose=False)
    trial.set_user_attr("accuracy", net.evaluate(X_val, y_val)["accuracy"])  # of its best epoch
    return pruning.best


def main(file: str = "digits.log", n_trials: int = 20) -> optuna.Study:
    """Work on the study in a file, which other processes may work on at the same time."""
    study = optuna.create_study(
        study_name="digits",
        storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(file)),
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )
    study.optimize(objective, n_trials=n_trials)
    states = [trial.state.name for trial in study.trials]
    best = study.best_trial
    print(f"{len(states)} trials, {states.count('PRUNED')} pruned; best: {best.value:.4f}, {best.params}")
    print(f"accuracy {best.user_attrs['accuracy']:.4f}")
    return study


if __name__ == "__main__":
    main()
