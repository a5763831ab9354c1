"""What the answer to a create left out is read at the provider, by one worker, and only while the pixel is live."""

from pixels.models import Pixel
from pixels.outbox import deliver
from pixels.reconcile import read_back
from pixels.services import pixels


def test_a_pixel_that_is_deleted_here_while_it_is_read_stays_deleted(xandr, live, sandbox, meanwhile, bob):
    pixel = live(xandr)

    def deleted():
        pixels.delete_pixel(pixel, bob)
        deliver.drain(xandr.pk, 60)

    meanwhile("xandr", "read_pixel", after=deleted)
    read_back.read_back(pixel)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.remote_state) == ("deleted", "gone", "")


def test_of_two_workers_with_the_same_message_one_reads(xandr, live, sandbox):
    pk = live(xandr).pk
    one, other = (Pixel.objects.select_related("connection", "ad_account").get(pk=pk) for _ in range(2))
    asked = sandbox.asked("xandr", "read")
    read_back.read_back(one)
    read_back.read_back(other)
    assert sandbox.asked("xandr", "read") - asked == 1
