import java.io.FileInputStream;
import java.io.InputStream;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Trusts one certificate, as keytool imports it, and tells of each NAME PORT whether it accepts it. */
public class Dial {
    public static void main(String[] args) throws Exception {
        SSLContext context = trust(args[0]);
        for (int i = 1; i < args.length; i += 2) {
            System.out.println(args[i] + ": " + dial(context, args[i], Integer.parseInt(args[i + 1])));
        }
    }

    static SSLContext trust(String file) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = new FileInputStream(file)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            store.setCertificateEntry("fakesmtp", factory.generateCertificate(in));
        }
        TrustManagerFactory managers =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    static String dial(SSLContext context, String name, int port) throws Exception {
        try (Socket plain = new Socket("127.0.0.1", port);
                SSLSocket tls =
                        (SSLSocket) context.getSocketFactory().createSocket(plain, name, port, true)) {
            SSLParameters parameters = tls.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            tls.setSSLParameters(parameters);
            tls.startHandshake();
            return "accepted";
        } catch (javax.net.ssl.SSLException error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return "refused, " + cause.getMessage();
        }
    }
}
