// Shows the OpenAPI document of this server. The other files are swagger-ui-dist 5.35.0.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
