import numpy as np

from stages.patches import unpack_patch
from stages.propagate.trust_maps import TrustMaps


def test_maps_of_objects_with_long_names_that_begin_alike_are_kept_apart(tmp_path):
    maps = TrustMaps(tmp_path)
    for value, object_id in enumerate(("x" * 200 + "1", "x" * 200 + "2")):
        maps.put(object_id, 0, np.full((8, 8), value, np.uint8))
    assert unpack_patch(maps.packed("x" * 200 + "1", 0)).max() == 0
    assert unpack_patch(maps.packed("x" * 200 + "2", 0)).min() == 1
