//! What the demo says of itself when it starts: where everything is, whose key it is, which checks are on.

use crate::world::{PREFIX, TOKEN_SECONDS, World};

/// The banner, several lines.
pub fn banner(world: &World) -> String {
    let ready = &world.emulator;
    let minutes = TOKEN_SECONDS / 60;
    format!(
        "
Direct Transfer demo. Everything runs in this process, on loopback; it is gone when you stop it.

  App server   {token_url}
               tokens of {minutes} min for {PREFIX}*, by policy/bucket_read_write_policy.txt
  OSS          {oss}   region {region}, bucket {bucket}
  STS          {sts}   role {role}
  Control      {control}   /decisions (what was decided, and why), /clock, /faults (none as yet)
  Demo key     {id}
  Demo secret  {secret}
               of use here alone, and never sent to a host of aliyuncs.com

  Checked      signatures V1 V2 V4, 15 min of clock skew, token expiry, role and session policy,
               Content-MD5, CRC64; nothing is answered before it is on the disk
  Not checked  who asks the app server for a token: like the reference document's sample, it gives one to all
",
        token_url = world.token_url,
        oss = ready.oss_endpoint,
        region = ready.region,
        bucket = ready.bucket,
        sts = ready.sts_endpoint,
        role = ready.role_arn,
        control = ready.control_endpoint,
        id = ready.access_key_id,
        secret = ready.access_key_secret,
    )
}
