"""A program as a user would write it: credentials from wherever the environment says, an object stored and read."""

import sys

import alibabacloud_oss_v2 as oss
from alibabacloud_credentials.client import Client


def main(region, endpoint, bucket, key):
    """Prints the head of the key's id, so that it shows which credentials were found."""
    chain = Client()

    def current():
        found = chain.get_credential()
        return oss.credentials.Credentials(found.access_key_id, found.access_key_secret, found.security_token)

    provider = oss.credentials.CredentialsProviderFunc(current)
    client = oss.Client(oss.config.Config(region=region, endpoint=endpoint, credentials_provider=provider))
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=key, body=b"stored"))
    body = client.get_object(oss.GetObjectRequest(bucket=bucket, key=key)).body.content
    print(f"{current().access_key_id[:4]} {body.decode()} and read")


if __name__ == "__main__":
    main(*sys.argv[1:])
