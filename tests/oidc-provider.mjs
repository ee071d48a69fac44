// A real OpenID provider (npm's oidc-provider) on a free port of this machine. Prints its issuer when it is
// ready. Any login and password are accepted; the login becomes the subject.
//
// The responses for the logins in CORRUPTIONS are corrupted. A line on standard input changes the mode, and "ok"
// on standard output confirms it:
//   rotate  signs with a new key from now on
//   down    closes the connections of the server; browsers still get the pages
//   hang    never responds to the server
//   up      responds again
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Keeps notices out of standard output.
console.info = console.error;

// With "quirks" as the last argument, the ID token has no address and a second audience, and the client secret is
// only accepted in the body.
const [module, clientId, clientSecret, kind] = process.argv.slice(2);
const hasQuirks = kind === "quirks";
const { Provider } = await import(pathToFileURL(module).href);

const CORRUPTIONS = {
  // In the URL that the browser is redirected to.
  state: { address: (url) => url.searchParams.set("state", "x".repeat(43)) },
  code: { address: (url) => url.searchParams.set("code", "x".repeat(43)) },
  answerer: { address: (url) => url.searchParams.set("iss", "http://127.0.0.1:9") },
  callback: { address: (url) => (url.pathname = "/oauth/callback/other") },
  // In the ID token, which is signed again with the right key.
  nonce: { claims: (claims) => (claims.nonce = "x".repeat(43)) },
  issuer: { claims: (claims) => (claims.iss = "http://127.0.0.1:9") },
  audience: { claims: (claims) => (claims.aud = "another client") },
  expiry: { claims: (claims) => (claims.exp = claims.iat - 3600) },
  // Signed by another key with the right key id.
  signature: { key: newKey() },
};
const FOR_A_PROJECT_TOO = {
  claims: (claims) => Object.assign(claims, { aud: [clientId, "a project"], azp: clientId }),
};
// A login whose address is not verified.
const UNVERIFIED = "unverified";

function newKey() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
}

function corrupt(token, corruption, key) {
  const [header, claims] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  corruption.claims?.(claims);
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signer = createPrivateKey({ key: corruption.key ?? key, format: "jwk" });
  return `${text}.${sign("sha256", Buffer.from(text), signer).toString("base64url")}`;
}

/** A request handler that signs with a new key of this id. */
function createHandler(issuer, kid) {
  const key = { ...newKey(), kid, use: "sig", alg: "RS256" };
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: ["http://localhost/"],
        token_endpoint_auth_method: hasQuirks ? "client_secret_post" : "client_secret_basic",
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    // Put the claims into the ID token, as Google and Microsoft do.
    conformIdTokenClaims: hasQuirks,
    jwks: { keys: [key] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@journey.example`, email_verified: id !== UNVERIFIED }),
    }),
  });
  // The port of the journey's server is not known yet.
  provider.Client.prototype.redirectUriAllowed = (uri) =>
    /^http:\/\/localhost:\d+\/oauth\/callback\/(foreign|other)$/.test(uri);
  provider.use(async (ctx, next) => {
    await next();
    const corruption = CORRUPTIONS[ctx.oidc?.session?.accountId];
    const location = ctx.response.get("location");
    if (corruption?.address && location.includes("/oauth/callback/")) {
      const url = new URL(location);
      corruption.address(url);
      ctx.set("location", url.href);
    }
    if (ctx.oidc?.route === "token" && ctx.body.id_token) {
      const subject = JSON.parse(Buffer.from(ctx.body.id_token.split(".")[1], "base64url")).sub;
      const corruption = CORRUPTIONS[subject];
      if (corruption && !corruption.address) ctx.body.id_token = corrupt(ctx.body.id_token, corruption, key);
      if (hasQuirks) ctx.body.id_token = corrupt(ctx.body.id_token, FOR_A_PROJECT_TOO, key);
    }
  });
  return provider.callback();
}

const BACK_CHANNEL = ["/token", "/jwks", "/me", "/.well-known/openid-configuration"];

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let keys = 1;
  let handler = createHandler(issuer, "key-1");
  let mode = "up";
  server.on("request", (request, response) => {
    if (mode !== "up" && BACK_CHANNEL.includes(request.url)) {
      if (mode === "down") request.socket.destroy();
      return;
    }
    // The provider's pages request remote fonts; nothing leaves this machine.
    response.setHeader("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    handler(request, response);
  });
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line === "rotate") handler = createHandler(issuer, `key-${(keys += 1)}`);
    else mode = line;
    console.log("ok");
  });
  console.log(issuer);
});
