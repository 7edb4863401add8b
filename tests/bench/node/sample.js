// What the reference document's Node sample does for each GET of a token: read the configuration and the policy, and ask STS.
// PORT, STS_ENDPOINT and CONFIG come from the environment.
"use strict";

const fs = require("fs");
const http = require("http");
const { STS } = require("ali-oss");

const server = http.createServer((request, response) => {
  const config = JSON.parse(fs.readFileSync(process.env.CONFIG, "utf8"));
  const policy = config.PolicyFile ? fs.readFileSync(config.PolicyFile, "utf8") : undefined;
  const sts = new STS({ accessKeyId: config.AccessKeyID, accessKeySecret: config.AccessKeySecret });
  sts.options.endpoint = process.env.STS_ENDPOINT;
  sts.assumeRole(config.RoleArn, policy, config.TokenExpireTime).then(
    (result) => {
      const body = JSON.stringify({ StatusCode: 200, ...result.credentials });
      const length = Buffer.byteLength(body);
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": length, "Access-Control-Allow-Origin": "*" });
      response.end(body);
    },
    (error) => {
      response.writeHead(400, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ StatusCode: 500, ErrorCode: error.code, ErrorMessage: error.message }));
    },
  );
});

server.listen(Number(process.env.PORT), "127.0.0.1");
