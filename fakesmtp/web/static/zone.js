// Runs before the page is painted: the server writes dates in the zone of this browser.
{
  const root = document.documentElement;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const isSet = () => document.cookie.split("; ").includes(`zone=${zone}`);
  if (zone && root.dataset.zone !== zone && !isSet()) {
    document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=strict`;
    if (isSet()) location.reload();
  }
}
