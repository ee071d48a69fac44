// An OpenID provider that somebody else wrote (npm's oidc-provider), on a free port of this machine.
// Prints its issuer once it is ready. Anybody may sign in, as anybody: the login becomes the subject.
//
// What it answers is corrupted for who signs in as one of LIES. A line on its input changes how it is;
// "ok" on its output says that it is that way:
//   roll   it signs with another key from now on
//   down   it cuts off the server's own requests; browsers still get its pages
//   hang   it leaves the server's own requests without an answer
//   up     it is well again
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Its notices would stand among the answers.
console.info = console.error;

// With "thin" as the last argument it is another kind of provider: the ID token has no address and is also
// for "a project", and the client secret is taken in the body alone.
const [module, clientId, clientSecret, kind] = process.argv.slice(2);
const isThin = kind === "thin";
const { Provider } = await import(pathToFileURL(module).href);

const LIES = {
  // In the address that the browser is sent back to.
  state: { address: (url) => url.searchParams.set("state", "x".repeat(43)) },
  code: { address: (url) => url.searchParams.set("code", "x".repeat(43)) },
  answerer: { address: (url) => url.searchParams.set("iss", "http://127.0.0.1:9") },
  callback: { address: (url) => (url.pathname = "/oauth/callback/other") },
  // In the ID token, which is signed again with the right key.
  nonce: { claims: (claims) => (claims.nonce = "x".repeat(43)) },
  issuer: { claims: (claims) => (claims.iss = "http://127.0.0.1:9") },
  audience: { claims: (claims) => (claims.aud = "another client") },
  expiry: { claims: (claims) => (claims.exp = claims.iat - 3600) },
  // With the right key's name, by another.
  signature: { key: newKey() },
};
const FOR_A_PROJECT_TOO = {
  claims: (claims) => Object.assign(claims, { aud: [clientId, "a project"], azp: clientId }),
};
// Signs in with an address that the provider does not vouch for.
const UNVERIFIED = "unverified";

function newKey() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
}

function corrupt(token, lie, key) {
  const [header, claims] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  lie.claims?.(claims);
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signer = createPrivateKey({ key: lie.key ?? key, format: "jwk" });
  return `${text}.${sign("sha256", Buffer.from(text), signer).toString("base64url")}`;
}

/** What answers requests, signing with a key of this name. */
function answerer(issuer, kid) {
  const key = { ...newKey(), kid, use: "sig", alg: "RS256" };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: ["http://localhost/"],
        token_endpoint_auth_method: isThin ? "client_secret_post" : "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // Put the claims into the ID token, as Google and Microsoft do.
    conformIdTokenClaims: isThin,
    jwks: { keys: [key] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@journey.example`, email_verified: id !== UNVERIFIED }),
    }),
  });
  // The journey's server has a port that is not known yet.
  provider.Client.prototype.redirectUriAllowed = (uri) =>
    /^http:\/\/localhost:\d+\/oauth\/callback\/(foreign|other)$/.test(uri);
  provider.use(async (ctx, next) => {
    await next();
    const lie = LIES[ctx.oidc?.session?.accountId];
    const location = ctx.response.get("location");
    if (lie?.address && location.includes("/oauth/callback/")) {
      const url = new URL(location);
      lie.address(url);
      ctx.set("location", url.href);
    }
    if (ctx.oidc?.route === "token" && ctx.body.id_token) {
      const subject = JSON.parse(Buffer.from(ctx.body.id_token.split(".")[1], "base64url")).sub;
      const lie = LIES[subject];
      if (lie && !lie.address) ctx.body.id_token = corrupt(ctx.body.id_token, lie, key);
      if (isThin) ctx.body.id_token = corrupt(ctx.body.id_token, FOR_A_PROJECT_TOO, key);
    }
  });
  return provider.callback();
}

const BACK_CHANNEL = ["/token", "/jwks", "/me", "/.well-known/openid-configuration"];

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let keys = 1;
  let answer = answerer(issuer, "key-1");
  let health = "up";
  server.on("request", (request, response) => {
    if (health !== "up" && BACK_CHANNEL.includes(request.url)) {
      if (health === "down") request.socket.destroy();
      return;
    }
    // Its pages ask for fonts from elsewhere; nothing leaves this machine.
    response.setHeader("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    answer(request, response);
  });
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line === "roll") answer = answerer(issuer, `key-${(keys += 1)}`);
    else health = line;
    console.log("ok");
  });
  console.log(issuer);
});
