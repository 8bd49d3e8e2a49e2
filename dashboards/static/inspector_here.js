/* Where the reader stands, asked of the device when tapped; told to the page as "lon,lat". */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".inspector_here");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = data.label;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  button.onclick = () => {
    if (!window.isSecureContext || !navigator.geolocation) { said.textContent = data.insecure; return; }
    button.disabled = true;
    said.textContent = data.locating;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        said.textContent = "";
        button.disabled = false;
        setTriggerValue("place", `${coords.longitude.toFixed(5)},${coords.latitude.toFixed(5)}`);
      },
      () => { said.textContent = data.denied; button.disabled = false; },
      { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 },
    );
  };
  root.replaceChildren(button, said);
}
