"""The checksum that replaces the emulator's own gives the same values."""

import random
import unittest

import emulator


class Checksum(unittest.TestCase):
    def setUp(self):
        from ministack.services import s3

        self.s3 = s3
        self.slow = s3._crc64nvme
        self.addCleanup(setattr, s3, "_crc64nvme", self.slow)
        emulator.checksum_in_c()

    def test_the_emulator_uses_the_checksum_in_c(self):
        self.assertIs(self.s3._crc64nvme, emulator.checksums.crc64nvme)
        self.assertEqual(self.s3._compute_s3_checksum("CRC64NVME", emulator.CHECK_INPUT), "rosUhgp5mIg=")

    def test_both_checksums_agree_on_every_length(self):
        dice = random.Random(64)
        for length in [*range(70), 255, 256, 1000, 4096, 65_537]:
            body = dice.randbytes(length)
            self.assertEqual(self.slow(body), self.s3._crc64nvme(body), f"{length} bytes")


if __name__ == "__main__":
    unittest.main()
