"""A request that was overtaken: its answer comes while another worker is sending the create anew."""

import uuid

from pixels.models import Operation
from pixels.outbox import deliver
from pixels.outbox.record import record
from pixels.providers.values import RemotePixel


def test_of_two_answers_the_second_is_told_of(xandr, promise, no_wait, worker_died):
    pixel_id = uuid.uuid4()
    pixel = promise(xandr, id=pixel_id, options={"code": f"ph-{pixel_id}"})
    row = Operation.objects.filter(pixel=pixel)
    slow = deliver._claim(row.get().pk)
    deliver._may_be_sent(slow)
    worker_died()  # paused for longer than its lease
    deliver.push(row.get().pk)  # another worker picks it up: in doubt
    no_wait()
    quick = deliver._claim(row.get().pk)  # looks, and finds nothing
    quick.maybe_sent = False
    deliver.mine(quick).update(maybe_sent=False)
    assert deliver._may_be_sent(quick)
    record(slow, RemotePixel(remote_id="1", name=pixel.name, options={}))  # the first request took effect after all
    record(quick, RemotePixel(remote_id="2", name=pixel.name, options={}))
    pixel.refresh_from_db()
    operation = row.get()
    assert (pixel.lifecycle, pixel.remote_status, operation.state, operation.sends) == ("live", "duplicate", "done", 2)
    assert "as 1, 2" in pixel.error_sentence
    assert operation.duplicate_check_at


def test_once_the_overtaken_answer_is_there_nobody_sends_again(xandr, promise, no_wait, worker_died):
    pixel_id = uuid.uuid4()
    pixel = promise(xandr, id=pixel_id, options={"code": f"ph-{pixel_id}"})
    row = Operation.objects.filter(pixel=pixel)
    slow = deliver._claim(row.get().pk)
    deliver._may_be_sent(slow)
    worker_died()
    deliver.push(row.get().pk)
    no_wait()
    quick = deliver._claim(row.get().pk)
    quick.maybe_sent = False
    deliver.mine(quick).update(maybe_sent=False)  # looked, found nothing, and is about to send
    record(slow, RemotePixel(remote_id="1", name=pixel.name, options={}))
    assert not deliver._may_be_sent(quick)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, row.get().state) == ("live", "1", "done")
