// Passkeys: a button asks this device for one, puts its answer into the form around it, and sends that.
(() => {
  const GIVEN_UP = "No passkey was used. Try again, or take another way.";
  if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
  document.documentElement.dataset.passkeys = ""; // shows what is of use with them only
  const ASKING = {
    get: (options) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }),
    create: (options) => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }),
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-passkey]");
    if (button && button.form.reportValidity()) use(button);
  });

  async function use({ form, dataset }) {
    say(form, "");
    try {
      form.elements.credential.value = await answer(dataset);
    } catch {
      return say(form, GIVEN_UP);
    }
    return form.requestSubmit();
  }

  // Where the server gives no question it says why in the answer to the form, which is sent without a passkey then.
  async function answer({ passkey, challenge }) {
    const question = await fetch(challenge, { method: "POST" });
    return question.ok ? JSON.stringify(await ASKING[passkey](await question.json())) : "";
  }

  function say(form, words) {
    form.querySelector(".passkey-said").textContent = words;
  }
})();
