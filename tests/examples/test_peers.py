"""The laws every peer keeps, whoever wrote it: one contract over all of them."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from examples.benchmarks.methods.peers import FROM_TORCHMIL, MHIM_DECAY, PEERS, make_peer

P = 8
TWO_CLASSES_ONLY = FROM_TORCHMIL
DEPENDS_ON_ORDER = ("transmil",)
MAPS = {"acmil": 5}


@pytest.fixture(autouse=True)
def _same_random_numbers():
    torch.manual_seed(0)


@pytest.fixture(params=PEERS)
def name(request):
    if request.param in FROM_TORCHMIL:
        pytest.importorskip("torchmil")
    return request.param


def a_peer(name, classes=2):
    return make_peer(name, P, classes, hidden=32, attention=16)


def a_batch(sizes, *, wider=0):
    """Drawn bags of these sizes, padded with large numbers to the longest one, and `wider` tiles more."""
    valid = torch.arange(max(sizes) + wider) < torch.tensor(sizes)[:, None]
    bags = torch.randn(*valid.shape, P)
    return bags.masked_fill(~valid[..., None], 1e3), valid


def two_blobs(bags=32, *, hot=0.3):
    """Bags of 6 to 20 tiles of noise; in every second bag a share of the tiles lies elsewhere."""
    sizes = torch.randint(6, 21, (bags,)).tolist()
    tiles, valid = a_batch(sizes)
    labels = torch.arange(bags) % 2
    moved = (torch.rand(valid.shape) < hot) & valid & (labels[:, None] == 1)
    tiles[moved] += 2
    return tiles, valid, labels


def test_a_peer_gives_logits_and_maps(name):
    bags, valid = a_batch([7, 3])

    output = a_peer(name).eval()(bags, valid)

    assert output.logits.shape == (2, 2)
    assert output.maps.shape == (2, MAPS.get(name, 1), 7)
    assert output.maps.mT[valid].isfinite().all()


def test_padding_changes_nothing(name):
    bags, valid = a_batch([40, 11, 1], wider=5)
    peer = a_peer(name).eval()

    together = peer(bags, valid)

    for bag, tiles in enumerate(valid):
        alone = peer(bags[bag, tiles][None], torch.ones(1, int(tiles.sum()), dtype=torch.bool))
        torch.testing.assert_close(together.logits[bag], alone.logits[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(together.maps[bag][:, tiles], alone.maps[0], atol=1e-5, rtol=1e-5)


def test_a_map_belongs_to_its_tiles_and_not_to_their_order(name):
    if name in DEPENDS_ON_ORDER:
        pytest.skip("places the tiles on a square in the order in which they come")
    bags, valid = a_batch([12])
    order = torch.randperm(12)
    peer = a_peer(name).eval()

    output, shuffled = peer(bags, valid), peer(bags[:, order], valid)

    torch.testing.assert_close(shuffled.maps, output.maps[..., order], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("sizes", [[1], [1, 1], [1, 2, 30], [200, 5]])
def test_gradients_stay_finite_on_bags_of_any_size(name, sizes):
    bags, valid = a_batch(sizes)
    peer = a_peer(name).train()

    loss = peer.loss(bags, valid, torch.arange(len(sizes)) % 2)
    loss.backward()

    assert loss.shape == ()
    gradients = [weight.grad for weight in peer.parameters() if weight.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_equal_class_weights_are_none(name):
    bags, valid, labels = two_blobs(bags=6)
    peer = a_peer(name).train()

    torch.manual_seed(1)
    unweighted = peer.loss(bags, valid, labels)
    torch.manual_seed(1)
    weighted = peer.loss(bags, valid, labels, torch.full((2,), 3.0))

    torch.testing.assert_close(weighted, unweighted)


def test_the_same_bag_gets_the_same_answer_twice(name):
    bags, valid = a_batch([30])
    peer = a_peer(name).eval()

    assert torch.equal(peer(bags, valid).logits, peer(bags, valid).logits)


def test_a_peer_learns_to_find_a_blob(name):
    bags, valid, labels = two_blobs()
    new_bags, new_valid, new_labels = two_blobs(bags=60)
    peer = a_peer(name).train()
    optimiser = torch.optim.AdamW(peer.parameters(), lr=5e-3)

    for _ in range(40):
        optimiser.zero_grad()
        peer.loss(bags, valid, labels).backward()
        optimiser.step()
        peer.after_step()

    with torch.no_grad():
        logits = peer.eval()(new_bags, new_valid).logits
    assert roc_auc_score(new_labels, logits[:, 1] - logits[:, 0]) > 0.9


@pytest.mark.parametrize("name", [name for name in PEERS if name not in TWO_CLASSES_ONLY])
def test_our_own_peers_know_more_classes(name):
    bags, valid = a_batch([5, 9])

    assert a_peer(name, classes=4).eval()(bags, valid).logits.shape == (2, 4)


@pytest.mark.parametrize("name", TWO_CLASSES_ONLY)
def test_a_peer_of_torchmil_refuses_more_classes(name):
    pytest.importorskip("torchmil")

    with pytest.raises(ValueError, match="two classes, not 3"):
        a_peer(name, classes=3)


def test_an_unknown_peer_is_refused():
    with pytest.raises(ValueError, match="'clam'; there are mean"):
        make_peer("clam", P, 2)


def test_acmil_hides_six_of_the_ten_best_tiles_of_a_branch_in_training_only():
    bags, valid = a_batch([30, 5, 1])
    peer = a_peer("acmil")

    whole = peer.eval()(bags, valid).maps
    shown = peer.train()(bags, valid).maps

    hidden = whole.isfinite() & ~shown.isfinite()
    assert hidden.sum(-1).tolist() == [[6] * 5, [3] * 5, [0] * 5]
    assert not (hidden[0] & (whole[0] < whole[0].topk(10).values[:, -1:])).any()


def test_the_teacher_of_mhim_follows_the_student_slowly():
    peer = a_peer("mhim")
    before = peer.teacher.w.weight.clone()
    with torch.no_grad():
        peer.attention.w.weight += 1

    peer.after_step()

    torch.testing.assert_close(peer.teacher.w.weight, before + (1 - MHIM_DECAY))


def test_the_student_of_mhim_is_never_shown_the_tile_the_teacher_likes_best():
    bags, valid = a_batch([20])
    bags.requires_grad_()
    peer = a_peer("mhim").train()
    best = int(peer.teacher(bags, valid)[1][0, 0].argmax())

    peer.loss(bags, valid, torch.ones(1, dtype=torch.long)).backward()

    reached = bags.grad[0].abs().sum(-1) > 0
    assert not reached[best]
    assert reached.sum() == 10
