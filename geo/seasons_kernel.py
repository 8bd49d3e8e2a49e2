"""Compiled reading of one parcel after another: what its index did between two days."""

from __future__ import annotations

import numpy as np
from numba import njit

# Days between the points at which a series is read off, so that crowded dates do not outweigh sparse ones.
STEP_DAYS = 8
# An index cannot fall and recover by this much within these days: it is haze, a shadow or a missed cloud.
SPIKE = 0.12
SPIKE_DAYS = 26
# A harvest or a green-up is a change within so many days.
EVENT_DAYS = 48
# A turn smaller than this is noise, not the start of another growth.
TURN = 0.12

COLUMNS = (
    "clear",
    "gap_days",
    "peak",
    "peak_day",
    "base",
    "swing",
    "spread",
    "rise",
    "drop",
    "lowest",
    "cycles",
    "mean",
    "highest",
)


@njit(cache=True, nogil=True)
def _despike(day, value, count):  # type: ignore[no-untyped-def]
    """Put single dates that jump away from both near neighbours, and back, onto the line between those."""
    for i in range(1, count - 1):
        span = day[i + 1] - day[i - 1]
        if span > SPIKE_DAYS:
            continue
        line = value[i - 1] + (value[i + 1] - value[i - 1]) * (day[i] - day[i - 1]) / span
        low = value[i] < min(value[i - 1], value[i + 1]) - SPIKE
        high = value[i] > max(value[i - 1], value[i + 1]) + SPIKE
        if low or high:
            value[i] = line


@njit(cache=True, nogil=True)
def _resample(day, value, count, out):  # type: ignore[no-untyped-def]
    """Read the series off every STEP_DAYS from first to last date, along straight lines; how often."""
    total = int((day[count - 1] - day[0]) // STEP_DAYS) + 1
    total = min(total, len(out))
    k = 0
    for i in range(total):
        at = day[0] + i * STEP_DAYS
        while k < count - 2 and day[k + 1] < at:
            k += 1
        if count == 1:
            out[i] = value[0]
        else:
            out[i] = value[k] + (value[k + 1] - value[k]) * (at - day[k]) / (day[k + 1] - day[k])
    return total


@njit(cache=True, nogil=True)
def _quantile(ordered, share):  # type: ignore[no-untyped-def]
    """Linear quantile of sorted values."""
    place = share * (len(ordered) - 1)
    low = int(place)
    if low + 1 >= len(ordered):
        return ordered[-1]
    return ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])


@njit(cache=True, nogil=True)
def _events(day, value, count):  # type: ignore[no-untyped-def]
    """Largest green-up and largest fall within EVENT_DAYS."""
    rise, drop = 0.0, 0.0
    for i in range(count):
        for j in range(i + 1, count):
            if day[j] - day[i] > EVENT_DAYS and j > i + 1:
                break
            rise = max(rise, value[j] - value[i])
            drop = max(drop, value[i] - value[j])
    return rise, drop


@njit(cache=True, nogil=True)
def _cycles(value, count, least):  # type: ignore[no-untyped-def]
    """Whole growths: rises of at least `least` from a trough, each followed by a fall of at least half as much."""
    found = 0
    low, high = value[0], value[0]
    rising = False
    for i in range(1, count):
        now = value[i]
        if not rising:
            low = min(low, now)
            if now - low >= max(least, TURN):
                rising, high = True, now
        else:
            high = max(high, now)
            if high - now >= max(0.5 * (high - low), TURN):
                found += 1
                rising, low = False, now
    return found


@njit(cache=True, nogil=True)
def describe(series, days, start, end, key_start, key_end, least_rise, out):  # type: ignore[no-untyped-def]
    """Fill one row of `out` (columns as COLUMNS) for each row of `series` (NaN = not seen), from `start` to `end`.

    days: ascending day numbers of the columns. gap_days is the longest run without a clear date that touches
    key_start..key_end. peak is the 95th, base the 10th percentile of the series read off every STEP_DAYS, swing
    the 90th less the 10th, spread its standard deviation.
    """
    day = np.empty(len(days), np.float64)
    value = np.empty(len(days), np.float64)
    regular = np.empty(int((end - start) // STEP_DAYS) + 2, np.float64)
    for p in range(len(series)):
        count = 0
        gap = 0.0
        before = key_start
        for i in range(len(days)):
            if start <= days[i] <= end and series[p, i] == series[p, i]:
                day[count], value[count] = days[i], series[p, i]
                count += 1
                if days[i] >= key_start and before <= key_end:
                    gap = max(gap, min(days[i], key_end) - before)
                before = max(days[i], key_start)
        gap = max(gap, key_end - before)
        out[p, 0], out[p, 1] = count, gap
        if count == 0:
            continue
        out[p, 12] = np.max(value[:count])
        _despike(day, value, count)
        read = _resample(day, value, count, regular)
        ordered = np.sort(regular[:read])
        high, low = _quantile(ordered, 0.9), _quantile(ordered, 0.1)
        top = 0
        for i in range(count):
            if value[i] > value[top]:
                top = i
        out[p, 2], out[p, 3], out[p, 4] = _quantile(ordered, 0.95), day[top], low
        out[p, 5], out[p, 6] = high - low, np.std(regular[:read])
        out[p, 7], out[p, 8] = _events(day, value, count)
        out[p, 9] = ordered[0]
        out[p, 10] = _cycles(value, count, least_rise)
        out[p, 11] = np.mean(regular[:read])
