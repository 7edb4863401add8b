"""Uploads or downloads one file with oss2, in its own resumable way: oss2_transfer.py up|down FILE KEY FOLDER."""

import os
import sys

import oss2


def main():
    direction, file, key, folder = sys.argv[1:]
    auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    bucket = oss2.Bucket(auth, os.environ["OSS_ENDPOINT"], os.environ["OSS_BUCKET"], region=os.environ["OSS_REGION"])
    if direction == "up":
        store = oss2.ResumableStore(root=folder)
        oss2.resumable_upload(bucket, key, file, store=store, part_size=1 << 20, num_threads=5)
    else:
        store = oss2.ResumableDownloadStore(root=folder)
        oss2.resumable_download(
            bucket, key, file, store=store, part_size=1 << 20, num_threads=5, multiget_threshold=1 << 20
        )


main()
