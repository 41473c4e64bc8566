#!/usr/bin/env python3
"""What the measures of the room 'evaluate' must give, computed with NumPy, SciPy and scikit-image.

Prints the numbers that tests/evaluate/*_test.cpp expect. To repeat them:
    python3 tests/evaluate/reference.py       (Debian's python3-scipy and python3-skimage)
Only the pictures, and Philox where directions are drawn, follow our own code.
"""
import numpy as np
from scipy import linalg, ndimage, optimize, stats
from scipy.spatial.distance import cdist
from skimage import metrics


def hashed(x, y, c, seed):
    """As test_hash() of test_pictures.h."""
    h = (x * 7919 + y * 104729 + c * 1299709 + seed * 15485863).astype(np.uint64) & 0xFFFFFFFF
    h ^= h >> np.uint64(15)
    h = h * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(13)
    return h.astype(int)


def picture(height, seed, width=None):
    """As test_pictures.h: waves with noise, height x width x RGB."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width or height), np.arange(3),
                          indexing="ij")
    t = (2 * x + 3 * y + 29 * seed) % 128
    wave = np.where(t < 64, t, 127 - t)
    return (60 + 2 * wave + hashed(x, y, c, seed) % 64 - 20 * c).astype(np.uint8)


def blobs(width, height, seed):
    """As blob_picture() of test_pictures.h: values at every 8th pixel, interpolated, with grain."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    sums = 0
    for j in (0, 1):
        for i in (0, 1):
            weight = abs(8 * (1 - i) - x % 8) * abs(8 * (1 - j) - y % 8)
            sums = sums + weight * (hashed(x // 8 + i, y // 8 + j, c * 0 + 7, seed) % 160)
    return (40 + sums // 64 + hashed(x, y, c, seed + 1000) % 16 - 10 * c).astype(np.uint8)


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def direction(index, count, domain=10, purpose=4):
    values = []
    for channel in range((count + 3) // 4):
        w = philox([index, 0, purpose, domain << 24 | channel], [0, 0])
        for a, b in ((w[0], w[1]), (w[2], w[3])):
            radius = np.sqrt(-2 * np.log(((a >> 8) + 1) / 2**24))
            angle = 2 * np.pi * (b >> 8) / 2**24
            values += [radius * np.cos(angle), radius * np.sin(angle)]
    v = np.array(values[:count])
    return v / np.linalg.norm(v)


KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def pyramid(image, smallest):
    """Karras et al. 2018, as their sliced_wasserstein.py."""
    levels = [image.astype(float)]
    while levels[-1].shape[0] > smallest:
        fine = levels[-1]
        coarse = np.stack([ndimage.convolve(fine[..., c], KERNEL, mode="mirror")[::2, ::2]
                           for c in range(3)], -1)
        up = np.zeros_like(fine)
        up[::2, ::2] = coarse
        up = np.stack([ndimage.convolve(up[..., c], 4 * KERNEL, mode="mirror")
                       for c in range(3)], -1)
        levels[-1] = fine - up
        levels.append(coarse)
    return levels


def descriptors(levels):
    """All 7 x 7 x 3 neighbourhoods, channel first, normalised."""
    rows = []
    for level in levels:
        n = level.shape[0] - 6
        rows += [level[y:y + 7, x:x + 7].transpose(2, 0, 1) for y in range(n) for x in range(n)]
    d = np.array(rows)
    d -= d.mean(axis=(0, 2, 3), keepdims=True)
    d /= d.std(axis=(0, 2, 3), keepdims=True)
    return d.reshape(len(d), -1)


def sliced_wasserstein(first, second, directions):
    a, b = [[pyramid(p, 16) for p in side] for side in (first, second)]
    out = []
    for level in range(len(a[0])):
        da, db = descriptors([p[level] for p in a]), descriptors([p[level] for p in b])
        projections = np.stack([direction(i, 147) for i in range(directions)], 1)
        pa, pb = np.sort(da @ projections, axis=0), np.sort(db @ projections, axis=0)
        out.append(np.abs(pa - pb).mean())
    return out


def density_distance(first, second, channel):
    a, b = [-np.log10((np.stack(s)[..., channel].ravel() + 1.0) / 256) for s in (first, second)]
    return stats.wasserstein_distance(a, b)


def grey(image):
    return image @ np.array([0.299, 0.587, 0.114])


def spectrum(image):
    g = grey(image)
    n = g.shape[0]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    power = np.abs(np.fft.fft2((g - g.mean()) * np.outer(hann, hann)))**2
    f = np.fft.fftfreq(n, 1 / n)
    ring = np.rint(np.hypot(*np.meshgrid(f, f))).astype(int)
    return np.array([power[ring == r].mean() for r in range(1, n // 2 + 1)])


def best_match(patch, training):
    return max((np.corrcoef(np.rot90(np.fliplr(grey(patch)) if mirrored else grey(patch),
                                     turn).ravel(), grey(t).ravel())[0, 1], i, turn, mirrored)
               for i, t in enumerate(training) for turn in range(4) for mirrored in (False, True))


def best_window(patch, training):
    """The highest correlation with any window, over orientations of the patch; x and y of it."""
    best = (-2,)
    for i, image in enumerate(training):
        windows = np.lib.stride_tricks.sliding_window_view(grey(image), patch.shape[:2])
        w = windows - windows.mean((2, 3), keepdims=True)
        w /= np.sqrt((w**2).sum((2, 3), keepdims=True))
        for mirrored in (False, True):
            for turn in range(4):
                p = np.rot90(np.fliplr(grey(patch)) if mirrored else grey(patch), turn)
                p = (p - p.mean()) / np.sqrt(((p - p.mean())**2).sum())
                r = np.einsum("yxij,ij->yx", w, p)
                y, x = np.unravel_index(r.argmax(), r.shape)
                best = max(best, (r[y, x], i, turn, mirrored, int(x), int(y)))
    return best


def contrast(a, b):
    """Mean contrast and structure of Wang et al. 2003, where the window lies inside."""
    def mean(v):
        return ndimage.gaussian_filter(v, 1.5, truncate=3.5)[5:-5, 5:-5]
    va, vb = mean(a * a) - mean(a)**2, mean(b * b) - mean(b)**2
    return ((2 * (mean(a * b) - mean(a) * mean(b)) + 58.5225) / (va + vb + 58.5225)).mean()


def ms_ssim(a, b):
    values = []
    for c in range(3):
        x, y, out = a[..., c].astype(float), b[..., c].astype(float), 1
        for weight in (0.0448, 0.2856, 0.3001, 0.2363):
            out *= contrast(x, y)**weight
            h, w = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
            x, y = [v[:h, :w].reshape(h // 2, 2, w // 2, 2).mean((1, 3)) for v in (x, y)]
        # scikit-image's mean leaves out the same borders of five pixels.
        out *= metrics.structural_similarity(x, y, data_range=255, gaussian_weights=True,
                                             sigma=1.5, use_sample_covariance=False)**0.1333
        values.append(out)
    return np.mean(values)


def beside(line, shift, n, lines, factor, neighbours):
    """Columns of the line's phase that lie inside and on no line, shifted or true."""
    places = [line + k * factor for k in range(-neighbours, neighbours + 1)]
    return [p for p in places if factor <= p <= n - factor and
            p - shift not in lines and p not in lines]


def lattice(image, cell=8):
    """Largest mean difference from the eight neighbours by place, and RMS over the median's."""
    largest, spread = 0, 1
    y, x = np.mgrid[1:image.shape[0] - 1, 1:image.shape[1] - 1]
    around = np.ones((3, 3)) / 8
    around[1, 1] = 0
    for channel in range(3):
        plane = image[..., channel].astype(float)
        difference = (plane - ndimage.convolve(plane, around))[1:-1, 1:-1]
        places = [difference[(y % cell == j) & (x % cell == i)]
                  for j in range(cell) for i in range(cell)]
        largest = max(largest, max(abs(place.mean()) for place in places))
        sizes = sorted(np.sqrt((place**2).mean()) for place in places)
        spread = max(spread, sizes[-1] / sizes[len(sizes) // 2])
    return largest, spread


def seams(image, period, factor=8, neighbours=3, segment=64):
    """Gradient ratio, its z among the other phases, density step and that beside."""
    axes = [image.astype(float), image.astype(float).transpose(1, 0, 2)]
    ratios = []
    for shift in range(period):
        own, others = 0, 0
        for axis in axes:
            n = axis.shape[1]
            gradient = np.abs(np.diff(axis, axis=1)).mean(axis=(0, 2))  # [x - 1]
            lines = range(0, n, period)
            for line in lines:
                places = beside(line + shift, shift, n, lines, factor, neighbours)
                if factor <= line + shift <= n - factor and places:
                    own += gradient[line + shift - 1]
                    others += np.mean([gradient[p - 1] for p in places])
        ratios.append(own / others)
    z = (ratios[0] - np.mean(ratios[1:])) / np.std(ratios[1:], ddof=1)

    def step(density, at):
        sides = density[:, at - factor:at], density[:, at:at + factor]
        strips = [[s[y:y + segment].mean() for y in range(0, len(s), segment)] for s in sides]
        return np.abs(np.subtract(*strips)).mean()
    steps = []
    for axis in axes:
        density = -np.log10((axis + 1) / 256).mean(2)
        n = axis.shape[1]
        lines = range(0, n, period)
        steps += [(step(density, g), np.mean([step(density, p) for p in
                                              beside(g, 0, n, lines, factor, neighbours)]))
                  for g in lines if factor <= g <= n - factor]
    return ratios[0], z, np.mean(steps, axis=0)


def measures_without_networks():
    first, second = [[picture(32, s) for s in seeds] for seeds in ((1, 2, 3), (4, 5, 6))]
    print("sliced Wasserstein, 8 directions", sliced_wasserstein(first, second, 8))
    print("density", [density_distance(first, second, c) for c in range(3)])
    print("spectrum", spectrum(first[0])[[0, 1, 7, 15]])
    print("dB", 10 * np.log10(np.mean([spectrum(p) for p in second], 0) /
                              np.mean([spectrum(p) for p in first], 0))[[0, 7, 15]])
    for patch in second:
        print("best match", best_match(patch, first))
    images = [blobs(61, 50, seed) for seed in (1, 2, 3)]
    for seed in (11, 12):
        print("best window", best_window(blobs(32, 32, seed), images))
    # A region of the second one, grained: mirrored and turned; and shifted alone.
    copy = images[1][15:47, 21:53] // 2 + blobs(32, 32, 13) // 8
    print("best window of a copy", best_window(copy, images))
    print("of a mirrored one", best_window(np.rot90(np.fliplr(copy)), images))
    reference = picture(181, 1, 203)
    blurred = np.rint(ndimage.uniform_filter(reference.astype(float), (3, 3, 1), mode="mirror"))
    blurred = blurred.astype(np.uint8)
    other = picture(181, 2, 203)
    for name, image in (("blurred", blurred), ("other", other), ("darker", reference // 2)):
        print("PSNR, MS-SSIM", name, metrics.peak_signal_noise_ratio(reference, image),
              ms_ssim(reference, image))
    print("seams", seams(picture(150, 3, 203), 48))
    print("lattice", lattice(picture(150, 3, 203)))


def features(count, dimensions, seed, shift=0.0):
    """As test_features.h."""
    i, d = np.meshgrid(np.arange(count), np.arange(dimensions), indexing="ij")
    return (hashed(i, d, 0, seed) % 1000).astype(float) / 100 + shift * (d % 3)


def frechet(a, b):
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(ca @ cb).real
    return ((a.mean(0) - b.mean(0))**2).sum() + np.trace(ca + cb - 2 * root)


def kernel_distance(a, b):
    def k(x, y):
        return (x @ y.T / x.shape[1] + 1)**3
    n, m = len(a), len(b)
    kaa, kbb = k(a, a), k(b, b)
    return ((kaa.sum() - np.trace(kaa)) / (n * (n - 1)) +
            (kbb.sum() - np.trace(kbb)) / (m * (m - 1)) - 2 * k(a, b).mean())


def inception_score(logits, splits):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.mean([np.exp(stats.entropy(part.T, part.mean(0)[:, None]).mean())
                    for part in np.array_split(p, splits)])


def within(images, manifold, k):
    reach = np.sort(cdist(manifold, manifold), axis=1)[:, k]
    return (cdist(images, manifold) <= reach).any(1).mean()


def authenticity(training, generated):
    own = cdist(training, training)
    np.fill_diagonal(own, np.inf)
    distances = cdist(generated, training)
    match = distances.argmin(1)
    return (distances.min(1) > own.min(1)[match]).mean()


def mann_whitney(a, b):
    u = stats.mannwhitneyu(a, b).statistic
    n, m = len(a), len(b)
    return (u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)


def lloyd(points, centres):
    """k-means from these centres on."""
    while True:
        cells = cdist(points, centres).argmin(1)
        moved = np.array([points[cells == c].mean(0) for c in range(len(centres))])
        if np.allclose(moved, centres):
            return centres
        centres = moved


def data_copying(training, held_out, generated, centres, least=20):
    """C_T of Meehan et al. 2020: within each cell only its own training images are looked at."""
    def cell_of(points):
        return cdist(points, centres).argmin(1)
    z, weights = [], []
    for cell in range(len(centres)):
        learnt, tested, made = [s[cell_of(s) == cell] for s in (training, held_out, generated)]
        if len(made) < least or len(tested) == 0 or len(learnt) == 0:
            continue
        z.append(mann_whitney(*[cdist(s, learnt).min(1) for s in (made, tested)]))
        weights.append(len(tested))
    return np.average(z, weights=weights)


def measures_of_features():
    few, many = [[features(n, 8, 1), features(n, 8, 2, 0.7)] for n in (5, 50)]
    print("Frechet, 5 and 50 images", frechet(*few), frechet(*many))
    print("kernel", kernel_distance(*many))
    print("inception score", inception_score(features(20, 5, 3) / 4, 4))
    near = features(40, 3, 1), features(45, 3, 2, 1.0)
    print("precision, recall", within(near[1], near[0], 3), within(near[0], near[1], 3))
    print("authenticity", authenticity(*near))
    # Three clusters that overlap, the last of which few generated images lie in.
    sets = [features(n, 2, seed) + 9.0 * (np.arange(n) % 3)[:, None]
            for n, seed in ((120, 1), (60, 2), (90, 3))]
    centres = lloyd(sets[0], np.array([[4.5, 4.5], [13.5, 13.5], [22.5, 22.5]]))
    print("centres", centres)
    near = sets[2][~((np.arange(90) % 3 == 2) & (np.arange(90) > 44))]
    print("C_T", data_copying(sets[0], sets[1], sets[2], centres))
    print("C_T with few in the last cell", data_copying(sets[0], sets[1], near, centres))
    print("C_T of the training images", data_copying(sets[0], sets[1], sets[0], centres))


def tissue_features(image):
    density = -np.log10((image + 1.0) / 256)
    out = [f(density[..., c]) for c in range(3) for f in (np.mean, np.std)]
    v = density.mean(2)
    for _ in range(3):
        inner = v[1:-1, 1:-1]
        right, left, below, above = v[1:-1, 2:], v[1:-1, :-2], v[2:, 1:-1], v[:-2, 1:-1]
        out.append(np.log((abs(right - inner) + abs(below - inner)).mean() + 1e-3))
        out.append(np.log(abs(right + left + below + above - 4 * inner).mean() + 1e-3))
        h, w = v.shape[0] // 2, v.shape[1] // 2
        v = v[:2 * h, :2 * w].reshape(h, 2, w, 2).mean((1, 3))
    return out


def windows(seed):
    """As test_windows() of classifier_test.cpp: 90 windows, every third of the second class."""
    x = features(90, 12, seed)
    second = np.arange(90) % 3 == 0
    x[second, :2] += 6
    return x, second


def logistic_regression(x, second, penalty=1e-3):
    z = (x - x.mean(0)) / x.std(0)
    z = np.hstack([z, np.ones((len(z), 1))])
    weight = np.where(second, 0.5 / second.sum(), 0.5 / (~second).sum())

    def loss(w):
        sign = np.where(second, 1, -1)
        return (weight * np.logaddexp(0, -sign * (z @ w))).sum() + penalty / 2 * w @ w
    w = optimize.minimize(loss, np.zeros(13), method="BFGS", options={"gtol": 1e-9}).x
    return lambda y: 1 / (1 + np.exp(-np.hstack([(y - x.mean(0)) / x.std(0),
                                                 np.ones((len(y), 1))]) @ w))


def measures_of_classes():
    print("tissue features", np.array(tissue_features(picture(35, 4, 33))))
    model = logistic_regression(*windows(1))
    x, second = windows(2)
    p = model(x)
    print("probabilities", p[:3])
    right = (p > 0.5) == second
    print("balanced accuracy", (right[second].mean() + right[~second].mean()) / 2)


if __name__ == "__main__":
    measures_of_classes()
    measures_without_networks()
    measures_of_features()
