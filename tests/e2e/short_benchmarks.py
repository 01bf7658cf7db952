"""The short form of each benchmark, with the names of all figures that it has."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from tests.bench import (
    analysis,
    collection,
    global_training,
    linkability,
    portability,
    record,
    server,
    sid,
    similarity,
    smoke,
    start,
    store,
    taste,
    train,
)
from tests.bench.harness import Figures, as_json


class Short(NamedTuple):
    """The short form of a benchmark.

    Attributes
    ----------
    sizes
        Keyword arguments of `measure`.
    figures
        Their names.
    """

    measure: Callable[..., Figures]
    sizes: dict[str, int]
    figures: str


WITH_BROWSER: Final = {
    "smoke": Short(
        smoke.measure,
        {"rounds": 1},
        "ui_ready_ms engine_ready_ms bare_pyodide_numpy_ms sid_realtime_factor record_p99_ms flush25_ms "
        "train200_ms",
    ),
    "analysis": Short(
        analysis.measure,
        {
            "songs": 2,
            "compared": 2,
            "page_seconds": 1,
            "all_cores_seconds": 1,
            "file_songs": 300,
            "file_tunes": 200,
            "rounds": 1,
        },
        "songs_per_second cores core_ms_per_song feature_correlation_min feature_correlations "
        "songs_compared page_tunes_per_minute page_share_60s page_all_cores_tunes_per_minute "
        "load_80k_ms load_longest_task_ms bytes_per_song neighbors_60k_ms neighbors_of_50_60k_ms "
        "first_neighbors_60k_ms prepare_60k_ms",
    ),
    "start": Short(
        start.measure,
        {"rounds": 1},
        "ui_ready_ms ui_ready_warm_ms first_paint_ms first_paint_warm_ms engine_ready_cold_ms "
        "engine_ready_warm_ms bare_pyodide_numpy_ms ratio_warm ratio_warm_range long_tasks "
        "slow_ui_ready_ms slow_longest_task_ms bytes_before_engine requests_before_engine",
    ),
    "record": Short(
        record.measure,
        {"rounds": 1, "bursts": 2},
        "record_p50_ms record_p99_ms record_max_ms record_js_p50_ms record_js_p99_ms record_js_max_ms "
        "record_p99_spread_ms",
    ),
    "store": Short(
        store.measure,
        {"flushes": 2, "rows": 100, "tabs": 2},
        "flush25_py_ms flush25_idb_ms flush25_ratio flush25_py_quartiles_ms flush25_idb_quartiles_ms "
        "flush_100k_ratio counts_100k_ratio flush_100k_ms counts_100k_ms engine_rss_mb "
        "tab_without_engine_rss_mb ten_tabs_rss_mb ten_engines_rss_mb engine_pss_mb "
        "tab_without_engine_pss_mb ten_tabs_pss_mb ten_engines_pss_mb",
    ),
    "portability": Short(
        portability.measure,
        {"events": 300},
        "export_50k_ms import_50k_ms longest_task_ms engine_longest_wait_ms archive_mb events",
    ),
    "train": Short(
        train.measure,
        {"rounds": 1, "runs": 1, "tunes": 1000, "ratings": 24, "iterations": 10, "seconds": 1},
        "ours_first_ms tfjs_first_ms ours_ms tfjs_ms ratio_warm ratio_first rank60k_ms slice_p50_ms "
        "slice_p99_ms slice_max_ms cpu_share_60s cpu_share_60s_engine cpu_share_idle page_long_tasks "
        "slice_p99_4x_slower_ms cpu_share_60s_4x_slower",
    ),
    "sid": Short(
        sid.measure,
        {"rounds": 1, "render_seconds": 1, "tunes": 1, "analysis_seconds": 1, "play_seconds": 1},
        "realtime_factor native_factor ratio wasmtime_factor wasmtime_ratio realtime_3sid wall_factor "
        "wall_3sid native_3sid ratio_spread wasm_bytes render_ms extract_ms features_per_tune_ms "
        "analysis_share_60s analyzed_per_minute underruns played_s listened_s engine_boot_s tunes_analyzed "
        "events runs syncs",
    ),
    "collection": Short(
        collection.measure,
        {"files": 60, "searches": 1},
        "files first_sign_ms index_s files_per_s read_s index_read_ratio again_s search_p50_ms search_p99_ms "
        "search_longest_task_ms sort_p50_ms sort_max_ms sort_longest_task_ms filter_p50_ms filter_p99_ms "
        "filter_longest_task_ms jump_p50_ms jump_p99_ms "
        "page_longest_task_ms scroll_longest_task_ms rows worker_mb list_after_reload_s site_tunes "
        "site_publish_s site_searchable_ms site_longest_task_ms site_catalog_mb site_list_mb",
    ),
}
WITHOUT_BROWSER: Final = {
    "server": Short(
        server.measure,
        {"rounds": 1, "batches": 2, "pages": 8},
        "ingest_events_s sqlite_bare_events_s ratio p50_ms p99_ms ratio_range lost duplicates "
        "postgres_events_s postgres_lost postgres_duplicates front_page_per_s sync_p99_under_streams_ratio",
    ),
    "global": Short(
        global_training.measure,
        {"few": 2000, "many": 4000, "tunes": 40},
        "events_few events_many peak_mb_few peak_mb_many peak_ratio seconds_few seconds_many events_s",
    ),
    "linkability": Short(
        linkability.measure,
        {"repeats": 1},
        "times_chance_exact times_chance_epsilon_4 times_chance_epsilon_2 times_chance_epsilon_1",
    ),
    "taste": Short(
        taste.measure,
        {"of_each_kind": 1, "sets": 1},
        "listeners errors ratio_16 ratio_centered_16 best_16",
    ),
    "similarity": Short(
        similarity.measure,
        {"sample": 6, "workers": 1},
        "tunes composers left_out ndcg_features ndcg_embedding ndcg_sound ndcg_both ndcg_chance ndcg_cold "
        "ndcg_cold_sound ndcg_cold_features feature_weight same_routine same_routine_sound "
        "same_routine_features same_routine_chance embedding_ms extract_ms embedding_extract_ratio",
    ),
}
SIGNED: Final = {"tab_without_engine_pss_mb", "engine_pss_mb", "worker_mb", "cpu_share_60s", "events_s"} | {
    "cpu_share_60s_4x_slower",
    "feature_correlation_min",
    "feature_correlations",
}
"""Differences and correlations, which chance makes negative when the sizes are tiny."""


def check(short: Short, figures: Figures) -> None:
    """Check that all figures are there, and plausible."""
    found: dict[str, Any] = json.loads(as_json(figures))
    assert set(found) == set(short.figures.split())
    for name, value in found.items():
        for number in _numbers(value):
            assert math.isfinite(number), name
            assert number >= 0 or name in SIGNED, name


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
    elif value is not None:
        yield value
